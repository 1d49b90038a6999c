"""Any pruner, held to the savings that were asked for, and watched by guards."""

from typing import List, Optional, Sequence, Sized, Union

import numpy as np

from bls_mm.registry import GUARDS, PRUNERS, build

from .choose import thin_to
from .guards import Guard
from .pruner import Pruner, check_share
from .selection import GroupWeights, Selection
from .shards import Shards

OPTIONS = ('target_savings', 'guards', 'placebo')
MOST = 0.9  # of the samples, pruned in one epoch
RATIOS = (0.01, 0.95)  # how far the pruner's own prune_ratio is moved


def build_pruner(cfg: Union[dict, Pruner], dataset: Optional[Sized] = None) -> Pruner:
    """Builds a pruner; with the options of :class:`SteeredPruner`, which every pruner has, steered.

    Args:
        cfg (dict or Pruner): Config of a pruner, or a pruner.
        dataset (Sized, optional): The training set, for the guards. Without it they are not made
            ready, as where options are only checked.
    """
    options = {name: cfg[name] for name in OPTIONS if name in cfg} if isinstance(cfg, dict) else {}
    if not options:
        pruner = build(PRUNERS, 'pruner', cfg, Pruner)
    else:
        own = {name: value for name, value in cfg.items() if name not in OPTIONS}
        pruner = SteeredPruner(build(PRUNERS, 'pruner', own, Pruner), **options)
    if isinstance(pruner, SteeredPruner) and dataset is not None:
        for guard in pruner.guards:
            guard.prepare(dataset)
    return pruner


class SteeredPruner(Pruner):
    r"""A pruner that saves what was asked for, over the whole run, and forgets nothing.

    What is left to save is spread evenly over the epochs that are left to prune in: the first epoch
    of a pruner that looks at scores keeps all, annealing epochs keep what they do. The pruner's own
    ``prune_ratio`` follows what it saves; what that leaves open is pruned, or brought back, at
    random. To prune uniformly among the kept changes no ratio of weights; of a group that samples
    come back to, the weight falls so that it counts in all as much as before.

    Guards have the last word. What they bring back, unweighted, is saved elsewhere.

    Args:
        pruner (Pruner): The pruner.
        target_savings (float, optional): Share of the run's samples to save, in ``[0, 1)``, with
            respect to a run without pruning. Defaults to None, whatever the pruner saves.
        guards (sequence[dict or Guard]): Such as ``[dict(type='Revisit', epochs=5)]``. Defaults to
            none.
        placebo (bool): Whether each sample gets the score of another one, drawn once and for all,
            of the same shard: what a method loses by it is what its scores were worth. For
            comparisons. Defaults to False.
    """

    def __init__(
        self,
        pruner: Pruner,
        target_savings: Optional[float] = None,
        guards: Sequence[Union[dict, Guard]] = (),
        placebo: bool = False,
    ) -> None:
        super().__init__(pruner.delta)
        if target_savings is not None:
            check_share('target_savings', target_savings, below=1)
            if not pruner.steerable:
                raise ValueError(
                    f'{type(pruner).__name__} keeps the same samples in every epoch, so it cannot '
                    f'be held to target_savings={target_savings}; leave target_savings out'
                )
        if not isinstance(guards, (list, tuple)):
            raise ValueError(
                f'guards must be a list, but got {guards!r}; write for example '
                "guards=[dict(type='Revisit', epochs=5)]"
            )
        if not isinstance(placebo, bool):
            raise ValueError(f'placebo must be True or False, but got {placebo!r}')
        self.pruner = pruner
        self.needs_scores = pruner.needs_scores
        self.target_savings = target_savings
        self.guards = [build(GUARDS, 'guard', guard, Guard) for guard in guards]
        self.placebo = placebo
        self.met: Optional[Selection] = None  # what stays until the pruner selects anew
        self.pruned: List[int] = []  # samples that each epoch pruned
        self.brought_back = 0  # by guards, in the last epoch
        self.own_ratio = self.ratio = getattr(pruner, 'prune_ratio', None)

    @property
    def parts(self):
        return (self.pruner, *self.guards)

    @property
    def shards(self) -> Shards:
        return self.pruner.shards

    @shards.setter
    def shards(self, shards: Shards) -> None:
        self.pruner.shards = shards

    def select(self, scores, visits, epoch, max_epochs, rng):
        num = len(scores)
        count = self.shards.count
        num_of_all = count(np.ones(num, dtype=bool))
        if self.placebo:
            scores = scores[np.random.default_rng(0).permutation(num)]
        annealing = self.pruner.is_annealing(epoch, max_epochs)
        goal = None
        if self.target_savings is not None:
            goal = self._steer(num_of_all, epoch, max_epochs, annealing)
        selection = self.pruner.select(scores, visits, epoch, max_epochs, rng)
        keep, weights = selection.as_mask(num)
        if goal is not None and self.met is not None and epoch % self.pruner.interval:
            keep, weights = self.met.as_mask(num)
        elif goal is not None:
            may_go = visits > 0 if self.needs_scores else np.ones(num, dtype=bool)
            self._follow(goal, num_of_all - count(keep))
            selects_anew = self.pruner.interval > 1 and count(may_go) > 0
            weights = _meet(round(goal), keep, weights, may_go, rng, self.shards)
            self.met = Selection.from_mask(keep, weights) if selects_anew else None
        weights = self._guard(keep, weights, rng)
        self.pruned[epoch:] = [num_of_all - count(keep)]
        return Selection.from_mask(keep, weights)

    def prune(self, scores, scored, epoch, rng):
        return self.pruner.prune(scores, scored, epoch, rng)

    def is_annealing(self, epoch, max_epochs):
        return self.pruner.is_annealing(epoch, max_epochs)

    def _steer(self, num: int, epoch: int, max_epochs: Optional[int], annealing: bool):
        """Sets the pruner's ratio; returns how many to prune, None where it anneals."""
        if max_epochs is None:
            raise ValueError(
                'target_savings needs the number of epochs of the run; set sampler.max_epochs'
            )
        anneals = sum(self.pruner.is_annealing(e, max_epochs) for e in range(epoch, max_epochs))
        # A pruner that prunes while it anneals saves no more than was asked for there.
        own = min(self.own_ratio or 0, self.target_savings)
        saved_annealing = 0 if self.pruner.anneals_on_all else own
        if self.ratio is not None:
            self.pruner.prune_ratio = own if annealing else self.ratio
        if annealing:
            return None
        left = max_epochs - epoch - anneals
        if epoch == 0:
            self._check_reach(left - self.needs_scores, saved_annealing * anneals, max_epochs)
        # An epoch that is not remembered, of a run that forgot its scores, counts as on target.
        self.pruned += [round(self.target_savings * num)] * (epoch - len(self.pruned))
        goal = self.target_savings * max_epochs * num - sum(self.pruned[:epoch])
        return (goal - saved_annealing * anneals * num) / left + self.brought_back

    def _check_reach(self, left: int, saved_annealing: float, max_epochs: int) -> None:
        most = (MOST * left + saved_annealing) / max_epochs
        if self.target_savings > most:
            first = 'the first sees all samples and ' if self.needs_scores else ''
            raise ValueError(
                f'target_savings={self.target_savings} cannot be reached: of {max_epochs} epochs '
                f'{first}{max_epochs - left - self.needs_scores} anneal, and the others prune at '
                f'most {MOST:.0%}, which saves {max(most, 0):.1%}; ask for less, or set a larger '
                'delta'
            )

    def _follow(self, goal: float, pruned: int) -> None:
        """Moves the pruner's ratio in proportion to what it would have had to prune."""
        if self.ratio is not None and pruned > 0:
            self.ratio = float(np.clip(self.ratio * max(goal, 0) / pruned, *RATIOS))

    def _guard(self, keep: np.ndarray, weights: Optional[GroupWeights], rng):
        self.brought_back = 0
        for guard in self.guards:
            back = guard.bring_back(keep, rng)
            self.brought_back += self.shards.count(back > keep)
            keep |= back
            if weights is not None and self.shards.count(back):
                weights = _unweighted(back, weights)
        for guard in self.guards:
            guard.note(keep)
        return weights

    def state_dict(self):
        return dict(
            {} if self.met is None else {'met': self.met},
            pruner=self.pruner.state_dict(),
            pruned=dict(enumerate(self.pruned)),
            brought_back=self.brought_back,
            ratio=self.ratio,
            guards={number: guard.state_dict() for number, guard in enumerate(self.guards)},
        )

    def load_state_dict(self, state):
        if 'pruned' not in state:  # of a run that was not steered
            state = dict(pruner=state, pruned={}, brought_back=0, ratio=self.own_ratio, guards={})
        self.pruner.load_state_dict(state['pruner'])
        self.met = state.get('met')
        self.pruned = list(state['pruned'].values())
        self.brought_back = state['brought_back']
        self.ratio = state['ratio']
        for number, guard in enumerate(self.guards):
            guard.load_state_dict(state['guards'].get(number, {}))


def _meet(
    goal: int,
    keep: np.ndarray,
    weights: Optional[GroupWeights],
    may_go: np.ndarray,
    rng: np.random.Generator,
    shards: Shards,
) -> Optional[GroupWeights]:
    """Changes a mask so that ``goal`` samples are pruned, or as many as may go.

    Args:
        goal (int): How many samples to prune, of all shards.
        keep (np.ndarray): ``(N,)`` bool, which samples the pruner keeps. Changed in place.
        weights (GroupWeights, optional): Their weights.
        may_go (np.ndarray): ``(N,)`` bool, which samples may be pruned. Changed in place.
        rng (np.random.Generator): Source of randomness, the same on every rank.
        shards (Shards): Where the samples lie.

    Returns:
        GroupWeights or None: The weights that fit.
    """
    goal = min(max(goal, 0), int(MOST * shards.count(may_go)))
    surplus = goal - shards.count(~keep)
    if surplus > 0:
        may_go &= keep
        keep[thin_to(may_go, min(surplus, shards.count(may_go)), rng, shards)] = False
        return weights
    before = None if weights is None else _counts(keep, weights, shards)
    keep |= thin_to(~keep, -surplus, rng, shards)
    if weights is None:
        return None
    share = before / np.maximum(_counts(keep, weights, shards), 1)
    return GroupWeights((weights.weights * share).astype(np.float32), weights.group)


def _counts(keep: np.ndarray, weights: GroupWeights, shards: Shards) -> np.ndarray:
    return shards.sum(np.bincount(weights.group[keep], minlength=len(weights.weights)))


def _unweighted(which: np.ndarray, weights: GroupWeights) -> GroupWeights:
    """Gives some samples the weight 1, in a group of their own if there is none."""
    levels = np.asarray(weights.weights, dtype=np.float32)
    if 1 not in levels:
        levels = np.append(levels, np.float32(1))
    group = weights.group.copy()
    group[which] = np.flatnonzero(levels == 1)[0]
    return GroupWeights(levels, group)
