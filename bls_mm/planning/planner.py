"""Turns the choice of a pruner into the plan of an epoch."""

import math
from typing import Optional, Sequence, Tuple, Union

import numpy as np

from bls_mm.checks import check_choice, check_fraction, check_positive_int
from bls_mm.ops.shards import WHOLE, Shards
from bls_mm.ops.subsets import TOLERANCE
from bls_mm.pruners import GroupWeights, Progress, Pruner
from bls_mm.pruners.pruner import checked, copied_mask

from .budget import Budget, meet
from .epoch_plan import EpochPlan, full_plan_instead, group_by_weight
from .guard import Guard, apply_guards, build_guards

Choice = Tuple[np.ndarray, Optional[GroupWeights]]


class Planner:
    """Plans epochs with a pruner. It owns everything that is the same for all methods.

    - Annealing: the last ``1 - delta`` of the epochs keep what :meth:`Pruner.anneal` returns.
    - Interval: between two selections the same samples stay, in a new order.
    - Unscored samples: a sample that was never scored is kept with weight 1.
    - Budget: the whole run skips ``target_savings`` of the samples (:class:`Budget`).
    - Guards are applied last. With ``target_savings``, the budget prunes other samples instead.

    Args:
        pruner (Pruner): The method.
        delta (float, optional): Fraction of the epochs that prune, in ``[0, 1]``: the run anneals
            from epoch ``ceil(delta * max_epochs)`` on. Defaults to None, the pruner's own.
        interval (int): Select anew every ``interval`` epochs. Defaults to 1.
        target_savings (float, optional): Fraction of the run's samples to skip, in ``[0, 1)``.
            Defaults to None, whatever the pruner skips.
        guards (sequence[dict or Guard]): Such as ``[dict(type='Revisit', epochs=5)]``. Defaults to
            no guards.
        compensation (str, optional): How ``BLSHook`` makes up for the optimizer steps that pruning
            leaves out: ``'learning_rate'`` or ``'batch_size'``. Defaults to None, not at all.
        shards (Shards): How samples are distributed over ranks. Defaults to all on this rank.
    """

    def __init__(
        self,
        pruner: Pruner,
        delta: Optional[float] = None,
        interval: int = 1,
        target_savings: Optional[float] = None,
        guards: Sequence[Union[dict, Guard]] = (),
        compensation: Optional[str] = None,
        shards: Shards = WHOLE,
    ) -> None:
        delta = pruner.delta if delta is None else delta
        check_fraction('delta', delta)
        check_positive_int('interval', interval, 'give a number of epochs')
        check_choice('compensation', compensation, (None, 'learning_rate', 'batch_size'))
        self.pruner = pruner
        self.delta = delta
        self.interval = interval
        self.budget = None if target_savings is None else Budget(target_savings, pruner)
        self.guards = [] if guards == () else build_guards(guards)
        self.compensation = compensation
        self.shards = shards
        self._held: Optional[EpochPlan] = None  # the last selection, if interval > 1

    @property
    def parts(self) -> tuple:
        """The pruner and the guards, each with its own ``shardable``."""
        return (self.pruner, *self.guards)

    def plan(
        self,
        scores: np.ndarray,
        visits: np.ndarray,
        epoch: int,
        max_epochs: Optional[int],
        rng: np.random.Generator,
        seed: int = 0,
    ) -> EpochPlan:
        """Plans an epoch; all ranks must call it together if scores are sharded.

        Args:
            scores (np.ndarray): ``(N,)`` float32.
            visits (np.ndarray): ``(N,)`` integers, how often each sample was scored.
            epoch (int): The epoch, from 0.
            max_epochs (int, optional): Number of epochs; without it the run never anneals.
            rng (np.random.Generator): Source of all randomness of this epoch.
            seed (int): Seed of the run, for pruners that draw one subset for all epochs.

        Returns:
            EpochPlan: The kept samples and weights; all samples if a rank would keep none.

        Raises:
            ValueError: If ``target_savings`` cannot be reached.
        """
        if self.budget is not None and max_epochs is None:
            raise ValueError(
                'target_savings needs the number of epochs of the run; give BLSSampler max_epochs'
            )
        if self.budget is not None and epoch == 0:
            self.budget.check_reachable(max_epochs, self._num_annealing(max_epochs))
        progress = Progress(epoch, max_epochs, seed, self.shards, self.interval)
        values = self.pruner.rank_by(scores, visits)
        if self.is_annealing(epoch, max_epochs):
            if self.budget is not None:
                self.budget.begin_annealing()
            mask, weights = self.pruner.anneal(len(scores), rng, progress), None
            mask = copied_mask(mask, f'{type(self.pruner).__name__}.anneal', len(scores))
            mask |= ~self._prunable(visits)
        else:
            mask, weights = self._select(values, visits, rng, progress)
        if self.guards:
            weights, _ = apply_guards(self.guards, mask, weights, rng, self.shards)
        plan = EpochPlan.from_mask(mask, weights, self.shards)
        if not all(plan.counts):
            plan = full_plan_instead(plan, epoch, self.shards)
        self.record(epoch, plan)
        return plan

    def record(self, epoch: int, plan: EpochPlan) -> None:
        """Notes what an epoch trains on in the end, also if its plan is replaced after all."""
        for guard in self.guards:
            guard.note(plan.mask)
        if self.budget is not None:
            self.budget.record(epoch, self.shards.count(~plan.mask))

    def is_annealing(self, epoch: int, max_epochs: Optional[int]) -> bool:
        """Whether the epoch belongs to the last ``1 - delta`` of the run."""
        return max_epochs is not None and epoch >= max_epochs - self._num_annealing(max_epochs)

    def _num_annealing(self, max_epochs: int) -> int:
        return max_epochs - math.ceil(self.delta * max_epochs - TOLERANCE)

    def _select(self, values, visits, rng, progress: Progress) -> Choice:
        """Asks the pruner, or repeats the last selection, and meets the budget."""
        if self.budget is not None:
            epoch, max_epochs = progress.epoch, progress.max_epochs
            num_samples = self.shards.count(np.ones(len(values), dtype=bool))
            left = max_epochs - epoch - self._num_annealing(max_epochs)
            goal = self.budget.prepare_epoch(num_samples, epoch, max_epochs, left)
        if self._held is not None and progress.epoch % self.interval:
            return self._held.mask.copy(), self._held.group_weights
        if self.shards.count(self._prunable(visits)) == 0:
            return np.ones(len(values), dtype=bool), None
        mask, weights = self._prune(values, visits, rng, progress)
        if self.budget is not None:
            may_prune = self._prunable(visits)
            if self.guards:  # first, so that the budget does not prune what they would bring back
                weights, asked = apply_guards(self.guards, mask, weights, rng, self.shards)
                may_prune &= ~asked
            self.budget.follow(goal, self.shards.count(~mask), num_samples)
            weights = meet(round(goal), mask, weights, may_prune, rng, self.shards)
        if isinstance(weights, np.ndarray):
            weights = group_by_weight(mask, weights)
        if self.interval > 1:
            self._held = EpochPlan.from_mask(mask.copy(), weights)
        return mask, weights

    def _prunable(self, visits) -> np.ndarray:
        """Returns a new array ``(N,)`` bool: the samples that may be pruned."""
        return visits > 0 if self.pruner.needs_scores else np.ones(len(visits), dtype=bool)

    def _prune(self, values, visits, rng, progress: Progress) -> Choice:
        """Calls the pruner, checks its answer, and keeps what was never scored."""
        kind, scored = type(self.pruner).__name__, self._prunable(visits)
        mask, weights = checked(
            self.pruner.prune(values, scored, rng, progress), kind, len(values), self.shards.size
        )
        if self.pruner.needs_scores:
            mask |= visits == 0
        if isinstance(weights, np.ndarray) and self.pruner.needs_scores:
            weights = np.where(visits == 0, np.float32(1), weights)
        return mask, weights

    def state_dict(self) -> dict:
        """Returns nested dicts of ``(N,)`` arrays, :class:`EpochPlan` and plain numbers."""
        state = dict(
            pruner=self.pruner.state_dict(),
            guards={number: guard.state_dict() for number, guard in enumerate(self.guards)},
        )
        if self._held is not None:
            state['held'] = self._held
        if self.budget is not None:
            state['budget'] = self.budget.state_dict()
        return state

    def load_state_dict(self, state: dict) -> None:
        """Loads a state, also of a run with other guards, or without a target."""
        self.pruner.load_state_dict(state['pruner'])
        self._held = state.get('held')
        if self.budget is not None:
            self.budget.load_state_dict(state.get('budget', {}))
        for number, guard in enumerate(self.guards):
            guard.load_state_dict(state['guards'].get(number, {}))
