"""Makes up for the optimizer steps that a pruned epoch leaves out."""

from typing import Any, Callable, Optional

import torch
from torch.utils.data import BatchSampler

from bls_mm.data import TrackedLoader
from bls_mm.planning import EpochPlan
from bls_mm.samplers import BLSSampler, MultiSourceBLSSampler, find_sampler

from .clock import TrainingClock
from .loss_tap import LossTap
from .model_method import ReplacedMethod, unwrap
from .training_loader import trains_on_one_sample

TWICE = (
    'BLS: the loss weights of the pruner make up for pruned samples, and compensation={!r} does so '
    'again, so with SGD the model moves further than without pruning; use one of them'
)
FEWER_STEPS = (
    "BLS: compensation='batch_size' cannot make the batches small enough, so pruned epochs have "
    "fewer optimizer steps than full ones; use a larger batch_size or compensation='learning_rate'"
)


class Compensation:
    """Makes up for the optimizer steps that a pruned epoch leaves out.

    With the same batch size a pruned epoch has fewer steps. The model then moves less, whatever
    samples are pruned. There are two ways to make up for it:

    - ``'learning_rate'``: each step is larger, by ``full / pruned`` iterations of the epoch. Only
      while the optimizer steps: schedulers, other hooks and the log see the learning rate of the
      config.
    - ``'batch_size'``: the batches of a pruned epoch are smaller, so that it has as many steps as
      an epoch on all samples.

    Args:
        runner (Runner): The runner, about to train.
        sampler (BLSSampler): Its planner names the way, as ``compensation``.
        loader (TrackedLoader): Its training loader.
        full_length (int): Number of iterations of an epoch on all samples.
        tap (LossTap): Knows whether the model is in a training step of this run. After an
            interruption the optimizer's own steps stay as they are.

    Raises:
        TypeError: If the way is ``'batch_size'`` and a batch sampler forms its own batches.
    """

    def __init__(
        self, runner, sampler: BLSSampler, loader: TrackedLoader, full_length: int, tap: LossTap
    ) -> None:
        self.kind = sampler.planner.compensation
        self._tap = tap
        self.factor = 1.0
        self._optim_wrapper = runner.optim_wrapper
        self._step: Optional[ReplacedMethod] = None
        self._smallest_batch = 1 if trains_on_one_sample(unwrap(runner.model)) else 2
        self.follow(loader, full_length)
        if self.kind == 'learning_rate':
            self._step = ReplacedMethod(self._optim_wrapper, 'step', self._larger_step)

    def follow(self, loader: TrackedLoader, full_length: int) -> None:
        """Makes the batches of a training loader smaller, if that is the compensation."""
        if self.kind == 'batch_size':
            check_plain_batches(loader)
            loader.spread_over(full_length, self._smallest_batch)

    def begin_epoch(self, clock: TrainingClock, plan: EpochPlan) -> None:
        """Sets the size of the steps of an epoch.

        Args:
            clock (TrainingClock): Knows the lengths. If the run has a fixed number of iterations,
                pruning leaves out no step.
            plan (EpochPlan): The plan of the epoch.
        """
        self.factor = 1.0 if clock.counts_iterations else clock.full_length / clock.length
        if self.kind == 'batch_size' and self.factor > 1:
            self._tap.warn_once(FEWER_STEPS)
        # Adam's step does not grow with the loss, so weights make up for nothing there.
        if plan.mean_weight > 1.01 and isinstance(self._optim_wrapper.optimizer, torch.optim.SGD):
            self._tap.warn_once(TWICE.format(self.kind))

    def detach(self) -> None:
        """Gives the optimizer its own steps back."""
        if self._step is not None:
            self._step.restore()

    def _larger_step(self, original: Callable, *args: Any, **kwargs: Any) -> Any:
        if not self._tap.is_in_step:
            return original(*args, **kwargs)
        groups = self._optim_wrapper.param_groups
        rates = [group['lr'] for group in groups]
        for group in groups:
            group['lr'] = group['lr'] * self.factor
        try:
            return original(*args, **kwargs)
        finally:
            for group, rate in zip(groups, rates):
                group['lr'] = rate


def check_plain_batches(loader: TrackedLoader) -> None:
    """Raises a TypeError if the batches of a loader are not consecutive samples."""
    sampler = find_sampler(loader)
    if isinstance(sampler, MultiSourceBLSSampler):
        raise TypeError(
            "compensation='batch_size' needs plain batches, but MultiSourceBLSSampler forms its "
            "own batches; use compensation='learning_rate'"
        )
    if type(loader.batch_sampler) is not BatchSampler:
        raise TypeError(
            f"compensation='batch_size' needs plain batches, but train_dataloader has a "
            f"{type(loader.batch_sampler).__name__}; use compensation='learning_rate'"
        )
