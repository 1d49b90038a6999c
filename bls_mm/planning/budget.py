"""Spreads the savings that a run asks for over its epochs."""

from typing import List

import numpy as np

from bls_mm.checks import check_fraction
from bls_mm.ops.shards import Shards
from bls_mm.ops.subsets import TOLERANCE, random_subset
from bls_mm.pruners import Pruner
from bls_mm.pruners.group_weights import GroupWeights
from bls_mm.pruners.pruner import Weights

from .epoch_plan import count_by_group

MAX_PRUNED = 0.9  # largest fraction of the samples that one epoch may prune
RATIO_RANGE = (0.01, 0.95)  # range in which the pruner's own prune_ratio is moved


class Budget:
    """How many samples each epoch must prune so that the run saves ``target_savings``.

    The rest of the target is spread evenly over the epochs that still prune. The first epoch of a
    pruner that needs scores keeps all samples, and annealing epochs do not change. After each
    selection the budget scales the pruner's own ``prune_ratio`` by the ratio of the goal to what
    was pruned; a pruner without scores gets the ratio of the goal. The difference to the goal is
    pruned, or brought back, at random (:func:`meet`).

    Args:
        target_savings (float): Fraction of the run's samples to skip, in ``[0, 1)``, relative to a
            run without pruning.
        pruner (Pruner): The pruner whose ``prune_ratio`` is moved, if it has one.

    Raises:
        ValueError: If the target is out of range, or the pruner keeps a fixed subset.
    """

    def __init__(self, target_savings: float, pruner: Pruner) -> None:
        check_fraction('target_savings', target_savings, below=1)
        if not pruner.steerable:
            raise ValueError(
                f'{type(pruner).__name__} keeps the same samples in every epoch, so it cannot '
                f'meet target_savings={target_savings}; remove target_savings'
            )
        self.target_savings = target_savings
        self.pruner = pruner
        self.own_ratio = self.ratio = pruner.prune_ratio
        self.pruned: List[int] = []  # number of samples that each epoch pruned

    def prepare_epoch(self, num_samples: int, epoch: int, max_epochs: int, left: int) -> float:
        """Sets the pruner's ratio for an epoch, also if it repeats the last selection.

        Args:
            num_samples (int): Number of samples of the data set.
            epoch (int): The epoch, from 0.
            max_epochs (int): Number of epochs of the run.
            left (int): Number of epochs that prune, from ``epoch`` on.

        Returns:
            float: How many samples the epoch must prune.
        """
        saved_annealing = self._annealing_ratio() * (max_epochs - epoch - left)
        # Epochs without a record (the run forgot its scores) count as on target.
        self.pruned += [round(self.target_savings * num_samples)] * (epoch - len(self.pruned))
        goal = self.target_savings * max_epochs * num_samples - sum(self.pruned[:epoch])
        goal = (goal - saved_annealing * num_samples) / left
        if self.ratio is not None and not self.pruner.needs_scores:
            self.ratio = float(np.clip(round(goal) / num_samples, 0, RATIO_RANGE[1]))
        if self.ratio is not None:
            self.pruner.set_prune_ratio(self.ratio)
        return goal

    def begin_annealing(self) -> None:
        """Sets the pruner's ratio for an annealing epoch."""
        if self.ratio is not None:
            self.pruner.set_prune_ratio(min(self.own_ratio, self.target_savings))

    def follow(self, goal: float, num_pruned: int, num_samples: int) -> None:
        """Moves the ratio in proportion to what the pruner would have had to prune.

        Args:
            goal (float): Number of samples that the epoch must prune.
            num_pruned (int): Number of samples that the pruner pruned.
            num_samples (int): Number of samples of the data set.
        """
        if self.ratio is None:
            return
        if num_pruned > 0:
            ratio = self.ratio * max(goal, 0) / num_pruned
        else:  # it may start at 0
            ratio = max(self.ratio, goal / num_samples)
        self.ratio = float(np.clip(ratio, *RATIO_RANGE))

    def record(self, epoch: int, num_pruned: int) -> None:
        """Notes what an epoch pruned in the end; a second record of an epoch replaces the first."""
        self.pruned[epoch:] = [num_pruned]

    def _annealing_ratio(self) -> float:
        """Fraction that an annealing epoch prunes: 0, but for pruners such as SeTa."""
        if self.pruner.anneals_on_all:
            return 0.0
        return min(self.own_ratio or 0.0, self.target_savings)

    def check_reachable(self, max_epochs: int, num_annealing: int) -> None:
        """Raises a ValueError if a run cannot reach ``target_savings``.

        Args:
            max_epochs (int): Number of epochs of the run.
            num_annealing (int): Number of them that anneal.
        """
        needs_scores = self.pruner.needs_scores
        left = max(max_epochs - num_annealing - needs_scores, 0)
        saved_annealing = self._annealing_ratio() * min(num_annealing, max_epochs - needs_scores)
        most = (MAX_PRUNED * left + saved_annealing) / max_epochs
        if self.target_savings > most + TOLERANCE:
            first = 'the first sees all samples and ' if needs_scores else ''
            annealing = max_epochs - left - needs_scores
            advice = 'ask for less, or set a larger delta' if max_epochs > 1 else 'train longer'
            raise ValueError(
                f'target_savings={self.target_savings} cannot be reached: of {max_epochs} epochs '
                f'{first}{annealing} anneal, and the others prune at most {MAX_PRUNED:.0%}, which '
                f'saves {max(most, 0):.1%}; {advice}'
            )

    def state_dict(self) -> dict:
        """Returns what a resumed run needs; plain numbers."""
        return dict(pruned=dict(enumerate(self.pruned)), ratio=self.ratio)

    def load_state_dict(self, state: dict) -> None:
        """Loads what :meth:`state_dict` returned; a run without a target has an empty state."""
        self.pruned = list(state.get('pruned', {}).values())
        self.ratio = state.get('ratio', self.own_ratio)


def meet(
    goal: int,
    mask: np.ndarray,
    weights: Weights,
    may_prune: np.ndarray,
    rng: np.random.Generator,
    shards: Shards,
) -> Weights:
    """Changes a mask so that it prunes ``goal`` samples, or as many as it may.

    To prune uniformly among the kept samples changes no ratio of weights. If samples of a weight
    group come back, the weight of the group falls so that its total stays the same; samples of a
    group of which none was kept get weight 1.

    Args:
        goal (int): Number of samples to prune, over all shards.
        mask (np.ndarray): ``(N,)`` bool, the samples that the pruner keeps. Changed in place.
        weights (np.ndarray or GroupWeights, optional): Their weights. An array stays as it is.
        may_prune (np.ndarray): ``(N,)`` bool, the samples that may be pruned. Changed in place.
        rng (np.random.Generator): Source of randomness, the same on every rank.
        shards (Shards): Where the samples are.

    Returns:
        np.ndarray or GroupWeights or None: The adapted weights.
    """
    goal = min(max(goal, 0), int(MAX_PRUNED * shards.count(may_prune)))
    surplus = goal - shards.count(~mask)
    if surplus > 0:
        may_prune &= mask
        surplus = min(surplus, shards.count(may_prune))
        mask[random_subset(may_prune, surplus, rng, shards)] = False
        return weights
    if not isinstance(weights, GroupWeights):
        mask |= random_subset(~mask, -surplus, rng, shards)
        return weights
    before = shards.sum(count_by_group(mask, weights.group, len(weights.levels)))
    mask |= random_subset(~mask, -surplus, rng, shards)
    after = shards.sum(count_by_group(mask, weights.group, len(weights.levels)))
    levels = np.where(before > 0, weights.levels * (before / np.maximum(after, 1)), 1)
    return GroupWeights(levels.astype(np.float32), weights.group)
