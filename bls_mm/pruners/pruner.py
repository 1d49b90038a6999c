"""What every pruner shares: annealing, and care for samples that were never scored."""

import math
from abc import ABC, abstractmethod
from typing import Optional

import numpy as np

from .selection import GroupWeights, Selection, keep_all
from .shards import WHOLE, Shards

ROUNDING = 1e-9  # products such as 0.55 * 20 = 11.000000000000002 are meant to be whole


class Pruner(ABC):
    """Says which samples the next epoch keeps, and with what loss weight.

    Args:
        delta (float): Share of the epochs that prune, in ``[0, 1]``: from epoch
            ``ceil(delta * max_epochs)`` on the run anneals on all samples. Defaults to 0.875.
        interval (int): Select anew every so many epochs; in between the same samples come in a new
            order. Defaults to 1.

    Attributes:
        shards (Shards): Where the samples lie. A pruner that hands it on to what it asks of all
            samples (``thin``, ``mean``, ``self.shards.count``, ...) may call itself
            :attr:`shardable`.
    """

    needs_scores = True
    """Whether samples must have been scored before they can be pruned."""

    shardable = False
    """Whether it can work where each rank knows the scores of its own samples only."""

    anneals_on_all = True
    """Whether annealing epochs keep all samples."""

    steerable = True
    """Whether it may be held to ``target_savings``; not what shall keep the same samples."""

    shards: Shards = WHOLE

    @property
    def parts(self) -> tuple:
        """What decides on samples, each with its own :attr:`shardable`: a pruner, guards."""
        return (self,)

    def __init__(self, delta: float = 0.875, interval: int = 1) -> None:
        check_share('delta', delta)
        if not isinstance(interval, int) or interval < 1:
            raise ValueError(f'interval must be a positive number of epochs, but got {interval!r}')
        self.delta = delta
        self.interval = interval
        self.previous: Optional[Selection] = None

    def select(
        self,
        scores: np.ndarray,
        visits: np.ndarray,
        epoch: int,
        max_epochs: Optional[int],
        rng: np.random.Generator,
    ) -> Selection:
        """Selects the samples of an epoch.

        Args:
            scores (np.ndarray): ``(N,)`` float32.
            visits (np.ndarray): ``(N,)``, how often each sample was scored. A sample that was never
                scored is always kept, with weight 1, by every pruner that looks at scores.
            epoch (int): The epoch, from 0.
            max_epochs (int, optional): Epochs of the whole run; without it the run never anneals.
            rng (np.random.Generator): All randomness comes from here.

        Returns:
            Selection: Kept samples and their weights.
        """
        values = self.rank_by(scores, visits)
        if self.is_annealing(epoch, max_epochs):
            return self.anneal(len(scores), rng)
        if self.previous is not None and epoch % self.interval:
            return self.previous
        if self.needs_scores and not self.shards.count(visits):
            return keep_all(len(scores))
        selection = self._select(values, visits, epoch, rng)
        self.previous = selection if self.interval > 1 else None
        return selection

    def _select(self, values, visits, epoch, rng) -> Selection:
        every = visits > 0 if self.needs_scores else np.ones(len(values), dtype=bool)
        result = self.prune(values, every, epoch, rng)
        check_result(type(self).__name__, result, len(values))
        (keep, weights), every = result, None  # a byte a sample less
        if not self.needs_scores:
            return Selection.from_mask(keep, weights)
        unscored = visits == 0
        keep |= unscored
        if isinstance(weights, np.ndarray):
            if self.shards.size > 1:
                raise TypeError(
                    f'{type(self).__name__} gives every sample a weight of its own; where scores '
                    'lie in shards return GroupWeights, of the same weights on every rank'
                )
            weights[unscored] = 1
        return Selection.from_mask(keep, weights)

    @abstractmethod
    def prune(self, scores: np.ndarray, scored: np.ndarray, epoch: int, rng: np.random.Generator):
        """The method itself.

        Args:
            scores (np.ndarray): ``(N,)`` float32.
            scored (np.ndarray): ``(N,)`` bool, the samples that the method is about; what it says
                of the others does not matter. It may be changed in place.
            epoch (int): The epoch, from 0.
            rng (np.random.Generator): Source of randomness.

        Returns:
            tuple: ``(N,)`` bool, which samples stay; and the weight of each sample, as ``(N,)``
            float32 or as :class:`GroupWeights`, or None where all are 1. In ``GroupWeights`` the
            others are in a group of weight 1.
        """

    def rank_by(self, scores: np.ndarray, visits: np.ndarray) -> np.ndarray:
        """What :meth:`prune` ranks samples by: the scores. Asked once an epoch."""
        return scores

    def is_annealing(self, epoch: int, max_epochs: Optional[int]) -> bool:
        """Whether the epoch belongs to the last ``1 - delta`` of the run."""
        if max_epochs is None:
            return False
        return epoch >= math.ceil(self.delta * max_epochs - ROUNDING)

    def anneal(self, num_samples: int, rng: np.random.Generator) -> Selection:
        """The samples of an annealing epoch: all of them, unweighted."""
        return keep_all(num_samples)

    def state_dict(self) -> dict:
        """Returns what the scores, the seed and the epoch do not tell.

        Arrays of one entry a sample, :class:`Selection`, and plain numbers.
        """
        return {} if self.previous is None else {'previous': self.previous}

    def load_state_dict(self, state: dict) -> None:
        """Takes over what :meth:`state_dict` returned."""
        self.previous = state.get('previous')


def check_share(option: str, value: float, below: float = math.inf) -> None:
    """Raises one sentence if an option is not a share in ``[0, 1]``, or not below a limit."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ValueError(f'{option} must be a share between 0 and 1, but got {value!r}')
    if value >= below:
        raise ValueError(f'{option} must be below {below}, but got {value!r}: no sample would stay')


def check_result(kind: str, result: object, num_samples: int) -> None:
    """Raises one sentence unless :meth:`Pruner.prune` returned what it should.

    Args:
        kind (str): Name of the pruner's class.
        result (object): What it returned.
        num_samples (int): Number of samples N.

    Raises:
        TypeError: If it is anything else.
    """
    keep, weights = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
    if keep is result or not _is_of(keep, num_samples) or keep.dtype != bool:
        raise TypeError(
            f'{kind}.prune must return a pair: which samples stay, a bool array of shape '
            f'({num_samples},), and their weights or None; it returned {_kind_of(keep)}'
            + ('' if keep is result else ' in the first place')
        )
    if not (weights is None or isinstance(weights, GroupWeights) or _is_of(weights, num_samples)):
        raise TypeError(
            f'{kind}.prune must return None, GroupWeights, or a float array of shape '
            f'({num_samples},) as weights; it returned {_kind_of(weights)}'
        )


def _is_of(value: object, num_samples: int) -> bool:
    return isinstance(value, np.ndarray) and value.shape == (num_samples,)


def _kind_of(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f'an array of {value.dtype} of shape {value.shape}'
    return 'None' if value is None else f'a {type(value).__name__}'
