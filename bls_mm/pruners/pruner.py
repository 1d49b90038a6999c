"""The interface of all pruning methods."""

from abc import ABC, abstractmethod
from typing import Any, Dict, Optional, Tuple, Union

import numpy as np

from .group_weights import MAX_LEVELS, GroupWeights
from .progress import Progress

Weights = Union[None, np.ndarray, GroupWeights]


class Pruner(ABC):
    """Selects the samples that an epoch keeps, and their loss weights.

    A subclass implements :meth:`prune`. The planner does what is the same for all methods: it
    anneals, selects every ``interval`` epochs, and keeps samples that were never scored. Its
    options ``delta``, ``interval``, ``target_savings``, ``guards`` and ``compensation`` can be
    given in the config of every pruner; the constructor of a pruner does not receive them.

    To support ``placement='sharded'``, where each rank knows the scores of its own samples only,
    pass ``progress.shards`` to every function of :mod:`bls_mm.ops`, count with
    ``progress.shards.count``, and set :attr:`shardable`.
    """

    delta: float = 0.875
    """Default of the option ``delta``: the fraction of the epochs that prune, before annealing."""

    needs_scores: bool = True
    """Whether a sample must have a score before it can be pruned."""

    shardable: bool = False
    """Whether the method works if each rank knows the scores of its own samples only."""

    anneals_on_all: bool = True
    """Whether annealing epochs keep all samples. False if :meth:`anneal` keeps fewer."""

    steerable: bool = True
    """Whether ``target_savings`` is possible. Not if every epoch must keep the same samples."""

    prune_ratio: Optional[float] = None
    """Value of the option ``prune_ratio``, None without it. ``target_savings`` changes it."""

    @abstractmethod
    def prune(
        self,
        scores: np.ndarray,
        scored: np.ndarray,
        rng: np.random.Generator,
        progress: Progress,
    ) -> Tuple[np.ndarray, Weights]:
        """Applies the method in an epoch that prunes.

        Args:
            scores (np.ndarray): ``(N,)`` float32, what :meth:`rank_by` returned. Read only.
            scored (np.ndarray): ``(N,)`` bool, the samples with a score; all samples if
                ``needs_scores`` is False. May be changed in place. The planner keeps the other
                samples with weight 1, whatever the mask contains for them.
            rng (np.random.Generator): Source of all randomness, in the same state on every rank.
            progress (Progress): Epoch, length and seed of the run.

        Returns:
            tuple: The mask of kept samples, ``(N,)`` bool; and the loss weights of the samples, as
            ``(N,)`` float32 or as :class:`GroupWeights`, or None if all are 1. In
            ``GroupWeights`` a sample without a score must be in a group with weight 1.
        """

    def rank_by(self, scores: np.ndarray, visits: np.ndarray) -> np.ndarray:
        """Returns what :meth:`prune` gets as scores. Called once per epoch, annealing included.

        Args:
            scores (np.ndarray): ``(N,)`` float32. Read only.
            visits (np.ndarray): ``(N,)`` uint8 or int16, how often each sample was scored. Read
                only.

        Returns:
            np.ndarray: ``(N,)`` float32 or float16, finite. Defaults to ``scores``.
        """
        return scores

    def anneal(self, num_samples: int, rng: np.random.Generator, progress: Progress) -> np.ndarray:
        """Returns the mask of an annealing epoch, ``(N,)`` bool. Defaults to all samples.

        Args:
            num_samples (int): Number of samples N on this rank.
            rng (np.random.Generator): Source of all randomness, in the same state on every rank.
            progress (Progress): Epoch, length and seed of the run.
        """
        return np.ones(num_samples, dtype=bool)

    def set_prune_ratio(self, prune_ratio: float) -> None:
        """Changes the option ``prune_ratio``. The planner calls it to meet ``target_savings``."""
        self.prune_ratio = prune_ratio

    def state_dict(self) -> Dict[str, object]:
        """Returns the state that a resumed run needs: ``(N,)`` arrays and plain numbers.

        Scores, seed and epoch are restored elsewhere.
        """
        return {}

    def load_state_dict(self, state: Dict[str, object]) -> None:  # noqa: B027
        """Restores what :meth:`state_dict` returned."""


def checked(result: Any, kind: str, num_samples: int, num_shards: int = 1) -> tuple:
    """Checks the return value of :meth:`bls_mm.pruners.Pruner.prune`.

    Args:
        result (object): What the pruner returned.
        kind (str): Name of its class, for the message.
        num_samples (int): Number of samples N.
        num_shards (int): Number of ranks over which the samples are distributed. Defaults to 1.

    Returns:
        tuple: A copy of the mask, which the planner may change, and the weights.

    Raises:
        TypeError: If the value is not a mask and its weights.
    """
    method = f'{kind}.prune'
    if not isinstance(result, tuple) or len(result) != 2:
        pair = f'{method} must return (mask, weights) with a bool mask of shape ({num_samples},)'
        raise TypeError(f'{pair}; it returned {_describe(result)}')
    mask, weights = copied_mask(result[0], method, num_samples), result[1]
    if isinstance(weights, GroupWeights):
        _check_groups(weights, method, num_samples)
    elif weights is not None and not _has_length(weights, num_samples):
        raise TypeError(
            f'{method} must return weights that are None, GroupWeights or a float array of '
            f'shape ({num_samples},); the weights that it returned are {_describe(weights)}'
        )
    elif weights is not None and num_shards > 1:
        raise TypeError(
            f'{kind} returned one weight per sample; with sharded scores return GroupWeights with '
            'the same levels on every rank'
        )
    return mask, weights


def copied_mask(mask: Any, method: str, num_samples: int) -> np.ndarray:
    """Returns a copy of the mask that a method of a pruner returned.

    Raises:
        TypeError: If it is not a mask of all samples.
    """
    if not _has_length(mask, num_samples) or mask.dtype != bool:
        raise TypeError(
            f'{method} must return a bool mask of shape ({num_samples},); the mask that it '
            f'returned is {_describe(mask)}'
        )
    return mask.copy()


def _check_groups(weights: GroupWeights, method: str, num_samples: int) -> None:
    levels, group = weights
    if not _has_length(group, num_samples) or group.dtype != np.uint8:
        raise TypeError(
            f'{method} must return GroupWeights with a uint8 group of shape ({num_samples},); the '
            f'group that it returned is {_describe(group)}'
        )
    if num_samples and not int(group.max()) < len(levels) <= MAX_LEVELS:
        raise TypeError(
            f'{method} must return GroupWeights with a level for each group, {MAX_LEVELS} at most; '
            f'it returned {len(levels)} levels, and groups up to {group.max()}'
        )


def _has_length(value: Any, num_samples: int) -> bool:
    return isinstance(value, np.ndarray) and value.shape == (num_samples,)


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f'an array of {value.dtype} of shape {value.shape}'
    if isinstance(value, tuple):
        return f'a tuple of length {len(value)}'
    return 'None' if value is None else f'a {type(value).__name__}'
