"""A record of a run that does not depend on the library under test."""

from typing import Iterator, List, NamedTuple, Optional, Set

import torch
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop

from bls_mm.samplers import find_sampler

# MMYOLO's heads that multiply their losses by the batch size.
MULTIPLYING = ('YOLOv5Head', 'YOLOv5InsHead', 'YOLOv7Head', 'YOLOv8Head')


class Iteration(NamedTuple):
    """The record of one iteration."""

    epoch: int
    requested: List[int]  # samples that were requested from the data set
    delivered: list  # identities of the images that the model got
    replaced: int  # number of rejected samples that the pipeline replaced by random ones
    minimised: torch.Tensor  # the loss that the optimizer got, of a sample
    sample_losses: Optional[torch.Tensor]  # from the model's criterion, if it is unreduced
    scored: List[int]  # samples that the sampler got
    score: torch.Tensor  # the loss that the sampler got
    components: Set[str]  # names of the losses that the model returned


class Witness(Hook):
    """Watches the data set, the model, the optimizer and the sampler of a run.

    Attributes:
        iterations (list[Iteration]): The record.
        runner (Runner), dataset (Dataset), sampler (BLSSampler): The watched parts.
    """

    priority = 5  # before any other hook

    def __init__(self) -> None:
        self.iterations: List[Iteration] = []
        self._requested: List[int] = []
        self._images: list = []  # identity and image of each requested sample
        self._replaced = 0

    def before_train(self, runner) -> None:
        """Starts to watch when all parts are built, before the first iteration."""
        self.runner = runner
        self.full_length = len(runner.train_dataloader)
        self.multiplies = type(getattr(runner.model, 'bbox_head', None)).__name__ in MULTIPLYING
        _extend(runner.optim_wrapper, 'update_params', self._note_minimised)
        runner.model.register_forward_hook(self._note_components, with_kwargs=True)
        criterion = getattr(getattr(runner.model, 'head', None), 'loss_module', None)
        if getattr(criterion, 'reduction', None) == 'none':
            criterion.register_forward_hook(self._note_sample_losses)
        self.watch_loader(runner)

    def watch_loader(self, runner) -> None:
        """Watches the data set and the sampler of the training loader."""
        self.dataset = runner.train_dataloader.dataset
        self.sampler = find_sampler(runner.train_dataloader)
        _extend(self.dataset, '__getitem__', self._note_request, self._note_image)
        for leaf in leaves_of(self.dataset):
            _extend(leaf, '_rand_another', self._note_replacement)
        _extend(self.sampler.state.store, 'update', self._note_score)

    @property
    def components(self) -> Set[str]:
        return set().union(*(iteration.components for iteration in self.iterations))

    def _note_request(self, index) -> None:
        self._requested.append(index)

    def _note_image(self, packed) -> None:
        sample = packed['data_samples']
        sample = first_branch(sample.values()) if isinstance(sample, dict) else sample
        self._images.append((identity_of(sample.metainfo), packed.get('inputs')))

    def _note_replacement(self) -> None:
        self._replaced += 1

    def _note_minimised(self, loss, *args, **kwargs) -> None:
        self._minimised = loss.detach().clone()

    def _note_score(self, indices, loss) -> None:
        self._scored, self._score = list(indices), torch.as_tensor(loss).detach().clone()

    def _note_components(self, model, args, kwargs, losses) -> None:
        if kwargs.get('mode') == 'loss':
            self._components = {name for name in losses if 'loss' in name}

    def _note_sample_losses(self, criterion, args, losses) -> None:
        self._sample_losses = losses.detach().clone()

    def before_train_epoch(self, runner):
        self._requested, self._replaced = [], 0  # other code may have loaded samples before
        self._images = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self._sample_losses = None
        self._delivered = list(self._identities_in(data_batch))

    def _identities_in(self, data_batch: dict) -> Iterator:
        samples = data_batch['data_samples']
        if 'bboxes_labels' in samples:  # MMYOLO's collate function drops paths
            for image in data_batch['inputs']:
                yield next(name for name, other in self._images if torch.equal(image, other))
            return
        if isinstance(samples, dict):  # MMDetection's semi-supervised models
            samples = map(first_branch, zip(*samples.values()))
        for sample in samples:
            yield identity_of(sample.metainfo)

    def _epoch_of(self, runner) -> int:
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            return int(runner.iter >= self.full_length)
        return runner.epoch

    def end_iteration(self, runner) -> None:
        self.iterations.append(
            Iteration(
                self._epoch_of(runner),
                self._requested,
                self._delivered,
                self._replaced,
                self._minimised / (len(self._requested) if self.multiplies else 1),
                self._sample_losses,
                self._scored,
                self._score,
                self._components,
            )
        )
        self._requested, self._replaced, self._images = [], 0, []


class End(Hook):
    """Ends the iterations of a witness after all other hooks, and stops after some epochs."""

    priority = 95

    def __init__(self, witness: Witness, num_epochs: int) -> None:
        self.witness = witness
        self.num_epochs = num_epochs

    def before_train_epoch(self, runner):
        if runner.train_dataloader.dataset is not self.witness.dataset:  # a hook has replaced it
            self.witness.watch_loader(runner)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.witness.end_iteration(runner)

    def after_train_epoch(self, runner):
        runner.train_loop.stop_training = runner.epoch + 1 == self.num_epochs


def first_branch(branches):
    """Returns the data sample of one of the branches of a sample; those not used are None."""
    return next(sample for sample in branches if sample is not None)


def identity_of(info: dict):
    """Returns what identifies a sample: the path of its image, or its number."""
    return info['img_path'] if info.get('img_path') else info['sample_idx']


def identities(dataset) -> list:
    """Returns the identity of each sample, in the order of a data set."""
    return [identity_of(dataset.get_data_info(index)) for index in range(len(dataset))]


def leaves_of(dataset) -> List[BaseDataset]:
    """Returns the data sets inside all wrappers."""
    if isinstance(dataset, BaseDataset):
        return [dataset]
    parts = getattr(dataset, 'datasets', None) or [dataset.dataset]
    return [leaf for part in parts for leaf in leaves_of(part)]


def _extend(instance, name: str, note, note_result=lambda result: None) -> None:
    """Makes one object call ``note`` before a method, and ``note_result`` after it.

    The object gets its own subclass: Python looks up special methods in the class, and the object
    must stay an instance of its class.
    """
    method = getattr(type(instance), name)

    def noted(self, *args, **kwargs):
        note(*args, **kwargs)
        result = method(self, *args, **kwargs)
        note_result(result)
        return result

    kind = type(instance)
    instance.__class__ = type(kind.__name__, (kind,), {name: noted})
