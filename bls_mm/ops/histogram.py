"""Histograms of float32 values without a sort, and percentile ranks from them.

The bins are ranges of the keys of :mod:`bls_mm.ops.float_keys`. The upper 16 bits of a key select
one of 65,536 coarse bins, each 1/128 of a power of two wide; the lower 16 bits subdivide it.
Histograms of shards add up, so the result does not depend on how samples are distributed.
"""

from typing import Iterator, NamedTuple

import numpy as np

from .float_keys import KEY_BITS, high_half, keys_of, low_half, values_of
from .shards import WHOLE, Shards

NUM_COARSE = 1 << KEY_BITS
NUM_FINE = 1 << 15
MAX_SAMPLED = 1 << 20
"""Number of values from which the widths of the bins are estimated."""


class Histogram(NamedTuple):
    """The non-empty bins of a histogram.

    Attributes:
        edges (np.ndarray): ``(M,)`` float32, the lower edge of each bin, ascending.
        counts (np.ndarray): ``(M,)`` int64, the number of values in each bin.
        centres (np.ndarray): ``(M,)`` float64, the middle of each bin.
    """

    edges: np.ndarray
    counts: np.ndarray
    centres: np.ndarray


def fine_histogram(values: np.ndarray, where: np.ndarray, shards: Shards = WHOLE) -> Histogram:
    """Counts values in at most 98,304 bins, which are narrow where values are dense.

    A coarse bin with a fraction p of the values is divided into ``ceil(32768 p)`` equal bins. So a
    bin is at most 0.8 % of its values wide, and ``2.4e-7 / p`` of them where values are dense.
    From two million values on, p is estimated from every n-th value, a million or more in total.

    Args:
        values (np.ndarray): ``(n,)`` float32, finite.
        where (np.ndarray): ``(n,)`` bool, selects the values to count; at least one in all shards.
        shards (Shards): How samples are distributed over ranks. Defaults to all on this rank.

    Returns:
        Histogram: The bins that contain values, the same on every rank.
    """
    bins = _divide(values, where, shards)
    counts = _count(values, where, bins, shards)
    filled = np.flatnonzero(counts)
    high = np.searchsorted(bins.firsts, filled, side='right') - 1
    # Bin b of a coarse bin contains the low halves with `low * splits >> 16 == b`, see _Bins. The
    # smallest of these is b * 65536 / splits, rounded up.
    numbers = filled - bins.firsts[high].astype(np.int64)
    first, after = (-(-(b << KEY_BITS) // bins.splits[high]) for b in (numbers, numbers + 1))
    edges, last = (values_of(high << KEY_BITS | low) for low in (first, after - 1))
    return Histogram(edges, counts[filled], (edges.astype(np.float64) + last) / 2)


def percentile_ranks(
    values: np.ndarray, where: np.ndarray, shards: Shards = WHOLE
) -> Iterator[np.ndarray]:
    """Yields the percentile rank of each value: the fraction of values below it, block by block.

    Values in the same bin of :func:`fine_histogram` get the same rank, the middle of the bin. So
    the mean rank is 0.5.

    Args:
        values (np.ndarray): ``(n,)`` float32, finite.
        where (np.ndarray): ``(n,)`` bool, selects the values to rank; at least one in all shards.
        shards (Shards): How samples are distributed over ranks. Defaults to all on this rank.

    Yields:
        np.ndarray: float32 in (0, 1), the ranks of the selected values in each slice of
        :func:`~bls_mm.ops.long_arrays.blocks_of`.
    """
    bins = _divide(values, where, shards)
    counts = _count(values, where, bins, shards)
    ranks = np.cumsum(counts) - counts / 2  # the middle of each bin
    ranks = (ranks / counts.sum()).astype(np.float32)
    del counts  # 0.8 MB that the loop below does not need
    for keys in keys_of(values, where):
        yield ranks[bins.of(keys)]


def coarse_counts(values: np.ndarray, where: np.ndarray, shards: Shards = WHOLE) -> np.ndarray:
    """Counts the selected values in the 65,536 coarse bins: ``(65536,)`` int64."""
    counts = np.zeros(NUM_COARSE, dtype=np.int64)
    for keys in keys_of(values, where):
        counts += np.bincount(high_half(keys), minlength=NUM_COARSE)
    return shards.sum(counts)


class _Bins(NamedTuple):
    """The division of coarse bin ``h`` into ``splits[h]`` bins, numbered from ``firsts[h]``.

    Attributes:
        splits (np.ndarray): ``(65536,)`` uint32, at most 2**15 each.
        firsts (np.ndarray): ``(65536,)`` uint32, the cumulative sum of ``splits``, from 0.
    """

    splits: np.ndarray
    firsts: np.ndarray

    def of(self, keys: np.ndarray) -> np.ndarray:
        """Returns the bin of each key: ``firsts[high] + low * splits[high] // 65536``."""
        # numpy indexes with intp: other types are converted for each lookup. mode='clip' replaces
        # the bounds check and is faster; no index is out of bounds. The product fits 31 bits.
        high, bins = high_half(keys).astype(np.intp), low_half(keys)
        bins *= self.splits.take(high, mode='clip')
        bins >>= np.uint32(KEY_BITS)
        bins += self.firsts.take(high, mode='clip')
        return bins.astype(np.intp)


def _divide(values: np.ndarray, where: np.ndarray, shards: Shards) -> _Bins:
    """Returns the bins, which are the same on every rank."""
    step = max(1, len(values) // MAX_SAMPLED)
    coarse = coarse_counts(values[::step], where[::step], shards)
    splits = -(-coarse * NUM_FINE // max(coarse.sum(), 1))
    if coarse.sum() < shards.count(where):  # a shard skipped values, which need a bin as well
        splits = np.maximum(splits, 1)
    return _Bins(splits.astype(np.uint32), (np.cumsum(splits) - splits).astype(np.uint32))


def _count(values: np.ndarray, where: np.ndarray, bins: _Bins, shards: Shards) -> np.ndarray:
    """Counts the selected values in each bin, over all shards: ``(bins,)`` int64."""
    counts = np.zeros(int(bins.firsts[-1] + bins.splits[-1]), dtype=np.int64)
    for keys in filter(len, keys_of(values, where)):
        numbers = bins.of(keys)
        # Touch only the bins between the lowest and the highest: these fit the CPU cache.
        lowest = numbers.min()
        numbers -= lowest
        found = np.bincount(numbers)
        counts[lowest : lowest + len(found)] += found
    return shards.sum(counts)
