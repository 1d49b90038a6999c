"""The hook that carries losses to the sampler."""

import json
import time
from pathlib import Path
from typing import Dict, Optional

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS

from bls_mm.compat import allow_mmengine_checkpoints

from .clock import SCHEDULES, TrainingClock
from .loader import find_sampler, record_batches
from .loss_tap import LossTap
from .savings import Savings


@HOOKS.register_module()
class BLSHook(Hook):
    """Carries the loss of each iteration to the ``BLSSampler``, and keeps MMEngine's clock right.

    Add it to ``default_hooks``, not ``custom_hooks``: dicts merge, lists replace. Its priority puts
    it behind MMEngine's logger and parameter schedules, and before checkpoints.

    Args:
        components (dict[str, float], optional): Loss components that make up the score, and their
            weights, such as ``dict(loss_cls=1.0, loss_bbox=0.5)``. Training minimises all of them
            whatever is named here. Defaults to None, all components: the loss that is minimised.
        schedule (str): ``'progress'``: parameter schedules that step by iteration follow the
            progress of the epoch, and so end where they should; ``'iteration'``: they step as
            iterations come. Defaults to ``'progress'``.

    Examples:
        >>> train_dataloader = dict(
        ...     sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')))
        >>> default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
    """

    priority = 80

    def __init__(
        self, components: Optional[Dict[str, float]] = None, schedule: str = 'progress'
    ) -> None:
        if schedule not in SCHEDULES:
            raise ValueError(f'schedule must be one of {SCHEDULES}, but got {schedule!r}')
        if components is not None and (not isinstance(components, dict) or not components):
            raise ValueError(
                f'components must be a dict of loss names and weights, but got {components!r}; '
                'write for example components=dict(loss_cls=1.0, loss_bbox=0.5)'
            )
        self.components = components
        self.schedule = schedule
        self.savings = Savings()
        self._state_to_restore: Optional[dict] = None

    def before_run(self, runner) -> None:
        allow_mmengine_checkpoints()

    def before_train(self, runner) -> None:
        """Prepares the run: everything that can be wrong with it is found here."""
        loop = runner.train_loop
        self.sampler = find_sampler(loop.dataloader)
        if self.sampler is None:
            raise TypeError(
                'BLSHook needs a BLSSampler, but train_dataloader has none; add train_dataloader='
                "dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')))"
            )
        loop.dataloader = record_batches(loop.dataloader)
        self.batches = loop.dataloader.batch_sampler
        self.samples_of_full_epoch = len(self.sampler)
        self.clock = TrainingClock(runner, len(loop.dataloader), self.schedule)
        self.sampler.max_epochs = runner.max_epochs
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        self.tap = LossTap(model, self.sampler.scorer.needs_sample_losses, self.components)
        if runner.iter > 0:
            self._restore(runner)

    def before_train_epoch(self, runner) -> None:
        """Begins an epoch that ``DistSamplerSeedHook`` (priority 50) has just had planned."""
        self.epoch_start = time.perf_counter()
        self.sampler.set_epoch(runner.epoch)
        self.clock.start_epoch(len(runner.train_loop.dataloader))
        self._announce_epoch(runner)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Recalls the samples of the batch that came back, and weighs them."""
        self.batch = self.batches.next_returned()
        _check_batch_size(data_batch, len(self.batch))
        weights = self.sampler.weights_of(self.batch)
        self.tap.weights = None if weights is None else torch.from_numpy(weights)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Scores the batch."""
        start = time.perf_counter()
        self.sampler.update(self.batch, self.tap.read(len(self.batch)))
        self.savings.scoring_seconds += time.perf_counter() - start
        self.clock.tick()

    def after_train_epoch(self, runner) -> None:
        """Brings the scores of all ranks together, before a checkpoint is saved."""
        start = time.perf_counter()
        self.sampler.exchange()
        savings = self.savings
        savings.scoring_seconds += time.perf_counter() - start
        savings.epochs += 1
        savings.samples_seen += len(self.sampler) * self.sampler.world_size
        savings.samples_unpruned += self.samples_of_full_epoch * self.sampler.world_size
        savings.iterations += self.clock.length
        savings.iterations_unpruned += self.clock.full_length
        savings.planning_seconds += self.sampler.planning_seconds
        self.sampler.planning_seconds = 0.0
        savings.skipped_losses = self.sampler.scorer.skipped
        savings.training_seconds += time.perf_counter() - self.epoch_start
        self._write_summary(runner)

    def after_train(self, runner) -> None:
        """Leaves the model as it was."""
        self.tap.remove()
        savings = self.savings
        runner.logger.info(
            f'BLS: trained on {savings.samples_seen:,} samples instead of '
            f'{savings.samples_unpruned:,} ({savings.pruned:.1%} pruned) in '
            f'{savings.iterations:,} iterations instead of {savings.iterations_unpruned:,}; '
            f'{savings.training_seconds:.1f} s of training, of which planning '
            f'{savings.planning_seconds:.2f} s and scoring {savings.scoring_seconds:.2f} s'
        )

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Adds what pruning needs to resume; on rank 0 only."""
        checkpoint['bls'] = {'sampler': self.sampler.state_dict(), 'savings': vars(self.savings)}

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Notes the state; whether the run resumes is not known before :meth:`before_train`."""
        self._state_to_restore = checkpoint.get('bls')

    def _restore(self, runner) -> None:
        state, self._state_to_restore = self._state_to_restore, None
        if state is None:
            runner.logger.warning(
                'BLS: the checkpoint holds no scores (it was saved without BLSHook): every sample '
                'counts as never scored'
            )
            return
        self.sampler.load_state_dict(state['sampler'])
        self.savings = Savings(**state['savings'])

    def _announce_epoch(self, runner) -> None:
        sampler, savings = self.sampler, self.savings
        weights = sampler.selection.weights
        mean_weight = 1.0 if weights is None else float(weights.mean())
        kept, total = len(sampler.selection.indices), len(sampler.dataset)
        runner.logger.info(
            f'BLS: epoch {runner.epoch + 1} keeps {kept:,} of {total:,} samples '
            f'({1 - sampler.kept_ratio:.1%} pruned), mean weight {mean_weight:.2f}; '
            f'saved so far {savings.pruned:.1%} of {savings.samples_unpruned:,} samples'
        )
        for name, value in (
            ('kept_ratio', sampler.kept_ratio),
            ('mean_weight', mean_weight),
            ('saved_ratio', savings.pruned),
        ):
            runner.message_hub.update_scalar(f'train/bls/{name}', value)

    def _write_summary(self, runner) -> None:
        if is_main_process():
            path = Path(runner.work_dir) / 'bls_summary.json'
            path.write_text(json.dumps(self.savings.as_dict(), indent=2) + '\n')


def _check_batch_size(data_batch, expected: int) -> None:
    """Raises one sentence if the batch is not of the size that was handed out."""
    inputs = data_batch.get('inputs') if isinstance(data_batch, dict) else None
    if isinstance(inputs, (list, tuple, torch.Tensor)) and len(inputs) != expected:
        raise ValueError(
            f'a batch of {len(inputs)} inputs came back where {expected} samples were handed out; '
            'BLS needs one input for each sample, so remove what repeats or drops samples in the '
            'collate function'
        )
