"""Choosing so many of so many: at random, or by rank. Pure array functions."""

import math

import numpy as np

from .pruner import ROUNDING


def count_kept(num_samples: int, prune_ratio: float) -> int:
    """How many of ``num_samples`` stay: the whole part of ``(1 - prune_ratio) * num_samples``."""
    return math.floor(num_samples * (1 - prune_ratio) * (1 + ROUNDING))


def random_mask(num_samples: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Marks ``count`` of ``num_samples`` places, every set of that size being as likely.

    Returns:
        np.ndarray: ``(num_samples,)`` bool.
    """
    mask = np.zeros(num_samples, dtype=bool)
    mask[rng.choice(num_samples, count, replace=False, shuffle=False)] = True
    return mask


def top_mask(values: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Marks the ``count`` largest values; among equal ones at the edge it draws at random.

    Returns:
        np.ndarray: ``(n,)`` bool.
    """
    if count == 0:
        return np.zeros(len(values), dtype=bool)
    edge = np.partition(values, len(values) - count)[len(values) - count]
    mask = values > edge
    tied = np.flatnonzero(values == edge)
    mask[rng.choice(tied, count - np.count_nonzero(mask), replace=False, shuffle=False)] = True
    return mask
