"""The plan of an epoch: which samples it trains on, and with what loss weights."""

import logging
from dataclasses import dataclass
from typing import Callable, Dict, Optional, Sequence, Tuple, Union

import numpy as np
from mmengine.logging import print_log

from bls_mm.ops.long_arrays import blocks_of
from bls_mm.ops.shards import WHOLE, Shards
from bls_mm.pruners.group_weights import MAX_LEVELS, GroupWeights


@dataclass(frozen=True, eq=False)
class EpochPlan:
    """Which samples an epoch keeps, and with what loss weights. A value: nothing changes it.

    N is the number of samples whose scores this rank holds: all samples, or its shard. Create plans
    with :meth:`from_mask` and :meth:`full`.

    Attributes:
        mask (np.ndarray): ``(N,)`` bool, the kept samples.
        group (np.ndarray, optional): ``(N,)`` uint8, the weight group of each sample; None if all
            weights are 1.
        levels (np.ndarray, optional): ``(G,)`` float32, the loss weight of each group, G <= 256.
        counts (tuple[int]): The number of kept samples in each shard; one entry if every rank
            holds all scores. The same on every rank.
        total_weight (float): Sum of the weights of all kept samples, over all shards.
    """

    mask: np.ndarray
    group: Optional[np.ndarray]
    levels: Optional[np.ndarray]
    counts: Tuple[int, ...]
    total_weight: float

    @classmethod
    def from_mask(
        cls,
        mask: np.ndarray,
        weights: Union[GroupWeights, np.ndarray, None] = None,
        shards: Shards = WHOLE,
    ) -> 'EpochPlan':
        """Creates a plan; all ranks must call it together if scores are sharded.

        Args:
            mask (np.ndarray): ``(N,)`` bool, the kept samples. It becomes read-only.
            weights (GroupWeights or np.ndarray, optional): Weights of all N samples, kept or not.
                More than 256 distinct weights are merged into 256 groups of about equal size, each
                with its mean. Defaults to None, all weights are 1.
            shards (Shards): Where the samples are. Defaults to all of them here.

        Raises:
            ValueError: If a weight is not finite.
        """
        if isinstance(weights, np.ndarray):
            weights = group_by_weight(mask, weights)
        levels = group = None
        if weights is not None:
            levels, group = np.array(weights.levels, dtype=np.float32), weights.group.view()
        num_kept = np.count_nonzero(mask)
        total_weight = float(num_kept)
        if levels is not None:
            total_weight = float(levels @ count_by_group(mask, group, len(levels)).astype(float))
        if not np.isfinite(total_weight):
            raise ValueError(f'loss weights must be finite numbers, but a pruner returned {levels}')
        sums = np.zeros(shards.size + 1)
        sums[shards.rank], sums[-1] = num_kept, total_weight
        *counts, total_weight = shards.sum(sums).tolist()
        for array in (mask, group, levels):
            if array is not None:
                array.flags.writeable = False
        return cls(mask, group, levels, tuple(map(int, counts)), total_weight)

    @classmethod
    def full(cls, num_samples: int, shards: Shards = WHOLE) -> 'EpochPlan':
        """Creates the plan that keeps every sample with weight 1."""
        return cls.from_mask(np.ones(num_samples, dtype=bool), shards=shards)

    @property
    def num_kept(self) -> int:
        """Number of kept samples, over all shards."""
        return sum(self.counts)

    @property
    def mean_weight(self) -> float:
        """Mean loss weight of the kept samples, over all shards."""
        return self.total_weight / max(self.num_kept, 1)

    @property
    def indices(self) -> np.ndarray:
        """``(K,)`` int64, the kept samples of this rank, ascending."""
        return np.flatnonzero(self.mask)

    @property
    def weights(self) -> Optional[np.ndarray]:
        """``(K,)`` float32, the weights of :attr:`indices`; None if all are 1."""
        return self.weights_of(self.indices)

    @property
    def group_weights(self) -> Optional[GroupWeights]:
        """Weights of all N samples; None if all are 1."""
        return None if self.levels is None else GroupWeights(self.levels, self.group)

    def weights_of(self, indices: Sequence[int]) -> Optional[np.ndarray]:
        """Returns the loss weights of some samples.

        Args:
            indices (sequence[int]): ``(B,)``, kept samples.

        Returns:
            np.ndarray or None: ``(B,)`` float32; None if all weights are 1.
        """
        return None if self.levels is None else self.levels[self.group[np.asarray(indices)]]

    def with_arrays(self, change: Callable[[np.ndarray], np.ndarray]) -> 'EpochPlan':
        """Returns the plan of other samples, for example of all shards together.

        Args:
            change (Callable): Maps an array with one entry per sample to that of the other samples.
        """
        weights = self.group_weights
        if weights is not None:
            weights = GroupWeights(weights.levels, change(weights.group))
        return EpochPlan.from_mask(change(self.mask), weights)

    def to_arrays(self) -> Dict[str, np.ndarray]:
        """Packs the plan for a checkpoint: one bit per sample, and one more for two groups."""
        arrays = {'keep': np.packbits(self.mask, bitorder='little')}
        if self.levels is not None:
            few = len(self.levels) <= 2
            group = np.packbits(self.group, bitorder='little') if few else self.group.copy()
            arrays.update(weights=self.levels.copy(), group=group)  # writable, as torch expects
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Dict[str, np.ndarray], num_samples: int) -> 'EpochPlan':
        """Unpacks what :meth:`to_arrays` returned.

        Args:
            arrays (dict[str, np.ndarray]): The packed plan.
            num_samples (int): Number of samples N.
        """
        weights = None
        if 'weights' in arrays:
            levels, group = arrays['weights'], arrays['group']
            group = _unpack(group, num_samples) if len(levels) <= 2 else group
            if len(levels) > MAX_LEVELS:  # version 0.1 had no maximum
                weights = levels[group]
            else:
                weights = GroupWeights(levels, group.astype(np.uint8))
        return cls.from_mask(_unpack(arrays['keep'], num_samples).view(bool), weights)


def count_by_group(mask: np.ndarray, group: np.ndarray, num_groups: int) -> np.ndarray:
    """Counts the kept samples of each weight group: ``(G,)`` int64."""
    counts = np.zeros(2 * MAX_LEVELS, dtype=np.int64)
    for block in blocks_of(len(mask)):
        # Kept samples count from MAX_LEVELS on: to select them first takes three times as long.
        keys = mask[block] * np.uint16(MAX_LEVELS) + group[block]
        counts += np.bincount(keys, minlength=len(counts))
    return counts[MAX_LEVELS:][:num_groups]


def group_by_weight(mask: np.ndarray, weights: np.ndarray) -> GroupWeights:
    """Puts samples of equal weight into a group; merges weights if there are more than 256.

    Args:
        mask (np.ndarray): ``(N,)`` bool, the kept samples. Only their weights count.
        weights (np.ndarray): ``(N,)`` float32, the weight of every sample.
    """
    levels, counts = np.unique(weights[mask], return_counts=True)
    edges = levels
    if len(levels) > MAX_LEVELS:
        # Groups of about equal size; the mean weight of each group keeps the total weight.
        ends = np.cumsum(counts)
        group_of_level = np.minimum((ends - counts) * MAX_LEVELS // ends[-1], MAX_LEVELS - 1)
        starts = np.flatnonzero(np.diff(group_of_level, prepend=-1))
        edges = levels[starts]
        totals = np.add.reduceat(levels * counts, starts, dtype=np.float64)
        levels = (totals / np.add.reduceat(counts, starts)).astype(np.float32)
    group = np.searchsorted(edges, weights, side='right') - 1
    return GroupWeights(levels, group.clip(min=0).astype(np.uint8))


def full_plan_instead(plan: EpochPlan, epoch: int, shards: Shards) -> EpochPlan:
    """Returns the plan of all samples, with a warning that a rank would keep none."""
    where = f' on rank {plan.counts.index(0)}' if plan.num_kept else ''
    sentence = (
        f'BLS: the pruner keeps no sample in epoch {epoch + 1}{where}, so the epoch trains on all '
        'samples; choose a smaller prune_ratio'
    )
    print_log(sentence, 'current', logging.WARNING)
    return EpochPlan.full(len(plan.mask), shards)


def _unpack(octets: np.ndarray, count: int) -> np.ndarray:
    # Version 0.1 stored no octets after the last kept sample: unpackbits pads with zeros.
    return np.unpackbits(octets, count=count, bitorder='little')
