"""Loss weights that take few distinct values."""

from typing import NamedTuple

import numpy as np

MAX_LEVELS = 256  # the group of a sample is a uint8


class GroupWeights(NamedTuple):
    """One loss weight per group of samples: one byte per sample instead of four.

    Attributes:
        levels (np.ndarray): ``(G,)`` float32, the weight of each group; at most 256 groups.
        group (np.ndarray): ``(N,)`` uint8, the group of each sample.
    """

    levels: np.ndarray
    group: np.ndarray

    def with_weight_one(self, which: np.ndarray) -> 'GroupWeights':
        """Returns these weights with weight 1 for some samples. Adds a group if none has weight 1.

        If no group can be added, these samples join the group whose weight is closest to 1.

        Args:
            which (np.ndarray): ``(N,)`` bool, the samples.
        """
        levels = np.asarray(self.levels, dtype=np.float32)
        if 1 not in levels and len(levels) < MAX_LEVELS:
            levels = np.append(levels, np.float32(1))
        group = self.group.copy()
        group[which] = np.abs(levels - 1).argmin()
        return GroupWeights(levels, group)
