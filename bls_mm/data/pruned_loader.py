"""Pruning in a plain training loop, without MMEngine's runner."""

import warnings
from typing import Any, Optional, Union
from weakref import WeakSet

import torch
from torch.utils.data import Dataset

from bls_mm.checks import check_positive_int
from bls_mm.losses import scale_gradients
from bls_mm.planning import is_auto
from bls_mm.pruners import Pruner
from bls_mm.samplers import BLSSampler
from bls_mm.scorers import Scorer

from .pruned_iteration import PrunedIteration
from .tracked_batch_sampler import TrackedBatch
from .tracked_loader import TrackedLoader

OWN_OPTIONS = ('sampler', 'batch_sampler', 'in_order')
AUTO_PRUNER = dict(type='auto', compensation='batch_size')  # the loop owns the learning rate


class PrunedLoader(TrackedLoader):
    """A ``DataLoader`` whose epochs leave out samples that are not worth training on.

    It takes the place of the training loader. The only calls to add are :meth:`set_epoch` and
    :meth:`score`. On several ranks it gives each rank its part, without a distributed sampler.
    If an epoch would end with a batch of one sample, on which BatchNorm fails, one sample comes
    twice.

    Args:
        dataset (Dataset): The training set, N samples.
        batch_size (int): Samples per batch. Defaults to 1.
        shuffle (bool): Whether to shuffle the kept samples. Defaults to True.
        drop_last (bool): Whether to drop a last batch that is not full. Defaults to False.
        max_epochs (int): Number of epochs of the run; the last ones anneal.
        pruner (dict, str or Pruner): See :class:`BLSSampler`. The only ``compensation`` is
            ``'batch_size'``, which ``'auto'`` uses here.
        scorer (dict, str or Scorer): See :class:`BLSSampler`.
        seed (int, optional): Seed of selection and order. Defaults to None, a random seed.
        **options: Any other option of ``DataLoader``.

    Raises:
        ValueError: If an option is not allowed, or has a value that is not.

    Examples:
        >>> loader = PrunedLoader(dataset, batch_size=16, max_epochs=30)
        >>> for epoch in range(30):
        ...     loader.set_epoch(epoch)
        ...     for images, labels in loader:
        ...         loss = loader.score(criterion(model(images), labels))
        ...         loss.backward()
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool = True,
        drop_last: bool = False,
        *,
        max_epochs: int,
        pruner: Union[dict, str, Pruner] = dict(type='SeTa'),  # noqa: B006
        scorer: Union[dict, str, Scorer, None] = None,
        seed: Optional[int] = None,
        **options: Any,
    ) -> None:
        for name in OWN_OPTIONS:
            if name in options:
                raise ValueError(
                    f'PrunedLoader takes no {name}, but got {options[name]!r}: it chooses the '
                    'samples itself and needs their order; remove it'
                )
        check_positive_int('batch_size', batch_size)
        check_positive_int('max_epochs', max_epochs)
        if is_auto(pruner):
            pruner = {**AUTO_PRUNER, **(pruner if isinstance(pruner, dict) else {})}
        self.bls = BLSSampler(
            dataset, scorer, pruner, shuffle=shuffle, seed=seed, max_epochs=max_epochs
        )
        if self.bls.planner.compensation not in (None, 'batch_size'):
            raise ValueError(
                f'PrunedLoader cannot change the learning rate, but got compensation='
                f"{self.bls.planner.compensation!r}; use compensation='batch_size'"
            )
        if batch_size > 1 and not drop_last:
            self.bls.avoid_singleton_batch(batch_size)
        self._running: WeakSet = WeakSet()  # iterations that somebody still holds
        self._last_batch: Any = None
        self._is_planned = self._is_scored = self._is_told_to_name_batches = False
        super().__init__(dataset, batch_size, sampler=self.bls, drop_last=drop_last, **options)
        if self.bls.planner.compensation is not None:
            self.spread_over(len(self), smallest=min(batch_size, 2))

    def set_epoch(self, epoch: int) -> None:
        """Plans an epoch, from 0, with the losses so far; on several ranks all must call it.

        If ``drop_last`` would drop all that is kept, the epoch contains all samples.
        """
        if self.bls.state.is_planned and epoch < self.bls.epoch:
            warnings.warn(
                f'epoch {epoch} is pruned by the scores of epoch {self.bls.epoch}; build a new '
                'PrunedLoader to train another model',
                stacklevel=2,
            )
        self.bls.set_epoch(epoch)
        self._is_planned, self._is_scored = True, False
        self._running.clear()  # a traceback may still hold one that broke off
        if len(self) == 0:
            self.bls.state.train_on_all()

    def __iter__(self) -> PrunedIteration:
        if not self._is_planned:
            warnings.warn(
                'this epoch was not planned: it prunes nothing new and repeats the old order; '
                'call loader.set_epoch(epoch) before each epoch',
                stacklevel=2,
            )
        return PrunedIteration(super().__iter__(), self, self._running, self.end_epoch)

    def remember(self, batch: Any, tracked: TrackedBatch) -> None:
        super().remember(batch, tracked)
        self._last_batch = batch

    def score(self, loss: torch.Tensor, batch: Any = None) -> torch.Tensor:
        """Scores the samples of a batch by its loss.

        Args:
            loss (torch.Tensor): Scalar, or ``(B,)``, the loss of each sample.
            batch (object, optional): The batch: the very object that the loader yielded. Defaults
                to None, the last batch of the loop that is running: wrong if something between
                loader and loop reads batches ahead.

        Returns:
            torch.Tensor: The loss to minimise instead. Its values are the same; its gradient
            carries the weights of the pruner, if it has any.

        Raises:
            TypeError: If the loss is not a tensor.
            RuntimeError: If no batch waits for its loss, or several iterations have one that does.
        """
        if not isinstance(loss, torch.Tensor):
            raise TypeError(f'loss must be a tensor, but got a {type(loss).__name__}')
        tracked = self.claim(self._waiting_batch() if batch is None else batch)
        if tracked is None:
            raise RuntimeError(
                'no batch waits for its loss; call score once for each batch, with the object that '
                'this loader yielded, not its copy on a device, nor one of accelerator.prepare'
            )
        self._is_scored = True
        self.bls.update(tracked.samples, loss)
        if tracked.weights is None:
            return loss
        losses = dict(loss=loss)
        return scale_gradients(losses, tracked.weights, tracked.weight, per_sample=losses)['loss']

    def _waiting_batch(self) -> Any:
        """Returns the batch that the running loop got last; a peek does not change it."""
        # `next(iter(loader))` inside a loop is gone when it returns, so it is not among these.
        if not self._running:
            return self._last_batch
        waiting = [
            iteration for iteration in self._running if self.tracked(iteration.batch) is not None
        ]
        if len(waiting) > 1:
            raise RuntimeError(
                'several iterations over the loader have a batch that waits for its loss; say '
                'which one it belongs to: loader.score(loss, batch)'
            )
        if not waiting:
            return None
        if waiting[0].has_skipped and not self._is_told_to_name_batches:
            self._is_told_to_name_batches = True
            warnings.warn(
                'a batch got no loss before the next one came, so the losses are taken as those of '
                'the latest batches, which is wrong if something reads batches ahead; name the '
                'batch: loader.score(loss, batch)',
                stacklevel=3,
            )
        return waiting[0].batch

    def end_epoch(self) -> None:
        """Warns if none of the losses was scored; the next epoch needs a plan of its own."""
        self._is_planned = False
        if not self._is_scored:
            warnings.warn(
                'no loss of this epoch was scored; call loader.score(loss) for each batch',
                stacklevel=3,
            )

    def state_dict(self) -> dict:
        """Returns what a resumed run needs; on several ranks all must call it."""
        self.bls.gather_state()
        return self.bls.state_dict()

    def load_state_dict(self, state: dict) -> None:
        """Loads what :meth:`state_dict` returned."""
        self.bls.load_state_dict(state)
