"""Exact percentiles without a sort, and the mean, of the selected values of all shards."""

import numpy as np

from .float_keys import KEY_BITS, high_half, keys_of, low_half, values_of
from .histogram import coarse_counts
from .shards import WHOLE, Shards


def nth_smallest(
    values: np.ndarray, where: np.ndarray, rank: int, shards: Shards = WHOLE
) -> np.float32:
    """Returns the element at index ``rank`` of the selected values in ascending order, exactly.

    A radix select on the keys of :mod:`bls_mm.ops.float_keys`: one histogram finds the upper 16
    bits of the key, a second one, of the values with these bits, finds the lower 16 bits.

    Args:
        values (np.ndarray): ``(n,)`` float32, finite.
        where (np.ndarray): ``(n,)`` bool, selects values.
        rank (int): Index from 0, less than the number of selected values in all shards.
        shards (Shards): How samples are distributed over ranks. Defaults to all on this rank.
    """
    ends = np.cumsum(coarse_counts(values, where, shards))
    high = int(np.searchsorted(ends, rank, side='right'))
    rank -= int(ends[high - 1]) if high else 0  # the index within the coarse bin
    counts = np.zeros(1 << KEY_BITS, dtype=np.int64)
    for keys in keys_of(values, where):
        inside = keys[high_half(keys) == high]
        counts += np.bincount(low_half(inside), minlength=len(counts))
    low = int(np.searchsorted(np.cumsum(shards.sum(counts)), rank, side='right'))
    return values_of(np.array([high << KEY_BITS | low]))[0]


def percentile(
    values: np.ndarray, where: np.ndarray, percent: float, shards: Shards = WHOLE
) -> np.float32:
    """Returns a percentile of the selected values, with the interpolation of ``np.percentile``.

    Args:
        values (np.ndarray): ``(n,)`` float32, finite.
        where (np.ndarray): ``(n,)`` bool, selects values; at least one in all shards.
        percent (float): In ``[0, 100]``.
        shards (Shards): How samples are distributed over ranks. Defaults to all on this rank.
    """
    last = shards.count(where) - 1
    rank = last * percent / 100
    below = float(nth_smallest(values, where, int(rank), shards))
    above = float(nth_smallest(values, where, min(int(rank) + 1, last), shards))
    return np.float32(below + (rank - int(rank)) * (above - below))


def masked_mean(values: np.ndarray, where: np.ndarray, shards: Shards = WHOLE) -> np.float32:
    """Returns the mean of the selected values of all shards, summed in float64."""
    total = values.sum(dtype=np.float64, where=where)
    total, number = shards.sum(np.array([total, np.count_nonzero(where)]))
    return np.float32(total / number)
