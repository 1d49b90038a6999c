"""What every guard is: a rule that brings back samples that a pruner left out."""

from abc import ABC, abstractmethod
from typing import List, Sequence, Sized, Tuple, Union

import numpy as np

from bls_mm.ops.shards import Shards
from bls_mm.pruners.pruner import Weights
from bls_mm.registry import GUARDS, build


class Guard(ABC):
    """Brings back samples that a pruner left out. Any pruner can have any guards.

    Guards decide last. What they bring back counts with weight 1.
    """

    shardable = False
    """Whether the guard works if each rank holds its own shard of the samples only."""

    def prepare(self, dataset: Sized) -> None:  # noqa: B027
        """Reads what the guard needs from the training set, once, before the first epoch."""

    @abstractmethod
    def bring_back(self, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns the samples that the epoch must contain, whatever the pruner decided.

        Args:
            mask (np.ndarray): ``(N,)`` bool, what the pruner and earlier guards keep. Read-only.
            rng (np.random.Generator): Source of randomness.

        Returns:
            np.ndarray: ``(N,)`` bool. These samples get weight 1, also those that were kept anyway.
        """

    def note(self, mask: np.ndarray) -> None:  # noqa: B027
        """Records which samples the epoch keeps in the end: ``(N,)`` bool."""

    def state_dict(self) -> dict:
        """Returns what a resumed run needs: arrays with one entry per sample, plain numbers."""
        return {}

    def load_state_dict(self, state: dict) -> None:  # noqa: B027
        """Loads what :meth:`state_dict` returned."""


def build_guards(guards: Sequence[Union[dict, Guard]]) -> List[Guard]:
    """Builds the guards that a config lists.

    Raises:
        KeyError: If there is no such guard.
        TypeError: If a guard has no such option.
        ValueError: If it is not a list.
    """
    if not isinstance(guards, (list, tuple)):
        raise ValueError(
            f'guards must be a list, but got {guards!r}; write for example '
            "guards=[dict(type='Revisit', epochs=5)]"
        )
    return [build(GUARDS, 'guard', guard, Guard) for guard in guards]


def apply_guards(
    guards: Sequence[Guard],
    mask: np.ndarray,
    weights: Weights,
    rng: np.random.Generator,
    shards: Shards,
) -> Tuple[Weights, np.ndarray]:
    """Lets guards bring samples back, one after the other.

    Args:
        guards (sequence[Guard]): The guards.
        mask (np.ndarray): ``(N,)`` bool, the kept samples. Changed in place.
        weights (np.ndarray or GroupWeights, optional): Their weights.
        rng (np.random.Generator): Source of randomness.
        shards (Shards): Where the samples are.

    Returns:
        tuple: The weights with 1 for what a guard asked for, and the mask ``(N,)`` of what the
        guards asked for.
    """
    asked = np.zeros(len(mask), dtype=bool)
    for guard in guards:
        back = guard.bring_back(mask, rng)
        asked |= back
        mask |= back
        if isinstance(weights, np.ndarray):
            weights = np.where(back, np.float32(1), weights)
        elif weights is not None and shards.count(back):
            weights = weights.with_weight_one(back)
    return weights, asked
