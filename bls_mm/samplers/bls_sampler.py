"""The sampler that prunes, and how to find it in a data loader."""

from dataclasses import replace
from typing import Any, Iterator, Optional, Sequence, Sized, Union

import numpy as np
import torch
from mmengine.dist import get_dist_info, sync_random_seed
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

from bls_mm.deprecation import rename_only
from bls_mm.pruners import Pruner
from bls_mm.scorers import Scorer

from .epoch_order import EpochOrder
from .options import NEEDS_HOOK, check_length, check_options, is_mmengine_training, refuse_misplaced
from .pruning_state import build_state


@DATA_SAMPLERS.register_module()
class BLSSampler(Sampler):
    """Yields the samples that are worth training on, planned anew for each epoch.

    A drop-in for MMEngine's ``DefaultSampler``. The same seed gives the same epochs. All ranks plan
    the same epoch and get the same number of samples.

    In an MMEngine run, ``BLSHook`` plans each epoch, because it knows the schedule and restores
    scores first. In any other loop, call :meth:`set_epoch`.

    Args:
        dataset (Sized): The training set, N samples.
        scorer (dict, str or Scorer): Config of a scorer, or ``'auto'``: the loss of each sample if
            the model returns it, otherwise the residual of each batch loss. Defaults to None:
            ``'auto'`` with the pruner ``'auto'``, otherwise ``dict(type='BatchLossScorer')``.
        pruner (dict, str or Pruner): Config of a pruner, also with options of :class:`Planner`; or
            ``'auto'``, the recommended setting. Defaults to ``dict(type='SeTa')``.
        shuffle (bool): Whether to shuffle the kept samples. Defaults to True.
        seed (int, optional): Seed of selection and order, the same on every rank. Defaults to None,
            a random seed that the ranks agree on.
        round_up (bool): Whether samples repeat so that all ranks get the same number; otherwise the
            surplus is dropped. Defaults to True.
        placement (str): Where scores are: ``'replicated'``, ``'shared'`` or ``'sharded'``; see
            :mod:`bls_mm.distributed` and docs/scale.md. Defaults to ``'replicated'``.
        run_length (int): Length of contiguous runs that stay together in the shuffled order, for
            read locality; see docs/scale.md. Defaults to 1.
        num_repeats (int): How many times in a row each sample comes, on one rank after another, as
            with MMPretrain's ``RepeatAugSampler``. The epoch keeps its length. Defaults to 1.
        fill_last_batch (bool): Whether ``BLSHook`` repeats samples to fill the last batch.
        max_epochs (int, optional): Epochs of a loop without ``BLSHook``. None: it never anneals.

    Attributes:
        state (PruningState): Scores, planner and plan: what a checkpoint holds.
        order (EpochOrder): How many samples a rank gets, and in which order.

    Examples:
        >>> sampler = BLSSampler(dataset, pruner=dict(type='InfoBatch', prune_ratio=0.5))
        >>> loader = DataLoader(dataset, batch_size=8, sampler=sampler)
    """

    def __init__(
        self,
        dataset: Sized,
        scorer: Union[dict, str, Scorer, None] = None,
        pruner: Union[dict, str, Pruner] = dict(type='SeTa'),  # noqa: B006
        shuffle: bool = True,
        seed: Optional[int] = None,
        round_up: bool = True,
        placement: str = 'replicated',
        run_length: int = 1,
        num_repeats: int = 1,
        fill_last_batch: bool = False,
        max_epochs: Optional[int] = None,
        **old_options: Any,
    ) -> None:
        if old_options:
            refuse_misplaced(old_options, pruner, scorer)
            placement = rename_only('BLSSampler', old_options)['placement']
        flags = dict(shuffle=shuffle, round_up=round_up, fill_last_batch=fill_last_batch)
        counts = dict(num_repeats=num_repeats, max_epochs=1 if max_epochs is None else max_epochs)
        check_options(dataset, flags, counts, seed, placement, run_length)
        self.dataset = dataset
        self.rank, self.world_size = get_dist_info()
        seed = sync_random_seed() if seed is None else seed
        self.state = build_state(
            dataset, scorer, pruner, placement, seed, self.rank, self.world_size
        )
        self.order = EpochOrder(self.rank, shuffle, round_up, run_length, num_repeats)
        self.fill_last_batch = fill_last_batch
        self.max_epochs = max_epochs
        self._hook_plans = False
        self._awaits_hook = False

    # Plan

    def set_epoch(self, epoch: int) -> None:
        """Scores pending losses and plans an epoch, unless it is planned or ``BLSHook`` plans."""
        if self._hook_plans or (self.state.is_planned and epoch == self.epoch):
            return
        # Another hook may have built this loader; DistSamplerSeedHook runs before BLSHook finds it.
        self._awaits_hook = self.max_epochs is None and is_mmengine_training()
        if self._awaits_hook:
            return
        self.sync()
        self.plan_epoch(epoch, self.max_epochs)

    def plan_epoch(self, epoch: int, max_epochs: Optional[int]) -> None:
        """Plans an epoch with the scores of the last :meth:`sync`; see :meth:`Planner.plan`."""
        check_length(self.dataset, self.state.placement.num_samples)
        self.max_epochs = max_epochs
        self.state.plan_epoch(epoch, max_epochs)

    def continue_from(self, other: 'BLSSampler') -> bool:
        """Takes over the state of another sampler, unless its number of samples differs."""
        self._hook_plans = other._hook_plans
        if len(self.dataset) != len(other.dataset):
            return False
        self.state = other.state
        return True

    def let_hook_plan(self, hook_plans: bool = True) -> None:
        """Sets whether ``BLSHook`` plans the epochs, or :meth:`set_epoch` does."""
        self._hook_plans = hook_plans

    def avoid_singleton_batch(self, batch_size: Optional[int]) -> None:
        """Repeats a sample if an epoch would end with a batch of one, on which BatchNorm fails."""
        self.order = replace(self.order, singleton_batch_size=batch_size)

    def use_batch_size(self, batch_size: int) -> None:
        """Fills the last batch up to this size, if ``fill_last_batch`` asks for it."""
        self.order = replace(self.order, full_batch_size=batch_size if self.fill_last_batch else 1)

    scorer = property(
        lambda self: self.state.store.scorer, doc='Scores the samples whose scores this rank holds.'
    )
    planner = property(lambda self: self.state.planner, doc='The :class:`Planner` of the run.')
    plan = property(lambda self: self.state.plan, doc='The planned epoch (:class:`EpochPlan`).')
    epoch = property(lambda self: self.state.epoch, doc='Number of the planned epoch, from 0.')
    seed = property(lambda self: self.state.seed, doc='Seed of selection and order.')
    kept_fraction = property(
        lambda self: self.plan.num_kept / len(self.dataset), doc='Fraction of samples in the plan.'
    )
    planning_seconds = property(lambda self: self.state.planning_seconds, doc='Total, in seconds.')

    # Samples

    def __iter__(self) -> Iterator[int]:
        """Yields this rank's samples of the planned epoch; each call repeats the same order."""
        if self._awaits_hook and not self._hook_plans:
            raise RuntimeError(NEEDS_HOOK)
        return self.order.samples(self.state)

    def __len__(self) -> int:
        """Number of samples of this rank in the planned epoch, the same on every rank."""
        return self.order.length(self.state)

    num_samples = property(__len__, doc='The same, as DefaultSampler has it.')

    @property
    def total_size(self) -> int:
        """Number of samples of the planned epoch; with ``round_up``, the sum over all ranks."""
        return len(self) * self.world_size if self.order.round_up else self.plan.num_kept

    def weights_of(self, indices: Sequence[int]) -> Optional[np.ndarray]:
        """Returns the loss weights of kept samples; see :meth:`EpochPlan.weights_of`."""
        if self.plan.levels is None:
            return None
        return self.plan.weights_of(self.state.placement.positions_of(indices))

    # Scores

    def update(
        self, indices: Union[torch.Tensor, Sequence[int]], loss: Union[torch.Tensor, float]
    ) -> None:
        """Collects the loss of a batch for the next :meth:`sync`; see :meth:`ScoreStore.update`."""
        self.state.store.update(indices, loss)

    def sync(self) -> None:
        """Brings scores up to date; all ranks must call it together."""
        self.state.store.sync()

    def gather_state(self) -> None:
        """Prepares :meth:`state_dict`; all ranks must call it together."""
        self.state.gather()

    def state_dict(self) -> dict:
        """Returns what a resumed run needs."""
        return self.state.state_dict()

    def load_state_dict(self, state: dict) -> None:
        """Loads the state of an earlier run."""
        self.state.load_state_dict(state)


def find_sampler(loader: object) -> Optional[BLSSampler]:
    """Returns the BLSSampler of a loader, below any number of batch samplers; None without one."""
    sampler: Optional[Sampler] = getattr(loader, 'batch_sampler', None)
    while sampler is not None and not isinstance(sampler, BLSSampler):
        sampler = getattr(sampler, 'sampler', None)
    return sampler
