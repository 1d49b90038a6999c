"""Order statistics without a sort: histograms over the bits of float32. Pure array functions.

The bits of a float, read as an integer, are in the order of the floats: the upper 16 bits cut the
line into 65,536 coarse bins, each a 128th of a power of two wide, and the lower 16 bits refine them
to the last digit. Histograms of shards add up to the histogram of the whole, so where the values
lie makes no difference to the result.
"""

from typing import Iterator, NamedTuple

import numpy as np

from .blocks import blocks_of
from .shards import WHOLE, Shards

COARSE = 1 << 16
FINE = 1 << 15
LOOKED_AT = 1 << 20


class Histogram(NamedTuple):
    """How many values lie in each bin.

    Attributes:
        edges (np.ndarray): ``(M,)`` float32, the lower edge of each bin, ascending.
        counts (np.ndarray): ``(M,)`` int64.
    """

    edges: np.ndarray
    counts: np.ndarray


def fine_histogram(values: np.ndarray, where: np.ndarray, shards: Shards = WHOLE) -> Histogram:
    """Counts values in at most 98,304 bins, narrow where there are many values.

    A coarse bin that holds a share p of the values is cut into ``ceil(32768 p)`` equal bins. So one
    bin spans at most 0.8 % of its values' size, and ``2.4e-7 / p`` of it where values are dense.
    From two million values on, every so many of them tell p: a million are enough for that.

    Args:
        values (np.ndarray): ``(n,)`` float32, finite.
        where (np.ndarray): ``(n,)`` bool, which of them count; at least one of all shards.
        shards (Shards): Where the values lie. Defaults to all of them here.

    Returns:
        Histogram: Its bins that hold any.
    """
    bins = _fine_bins(values, where, shards)
    counts = _count(values, where, bins, shards)
    held = np.flatnonzero(counts)
    high = np.searchsorted(bins.firsts, held, side='right') - 1
    low = -(-(held - bins.firsts[high].astype(np.int64)) * 65536 // bins.splits[high])
    return Histogram(_values_of(high << 16 | low), counts[held])


def shares_below(
    values: np.ndarray, where: np.ndarray, shards: Shards = WHOLE
) -> Iterator[np.ndarray]:
    """Yields which share of the values is below each: their rank, from 0 to 1, block by block.

    What is in the same bin of a :func:`fine_histogram` counts half, so that the mean is a half.

    Args:
        values (np.ndarray): ``(n,)`` float32, finite.
        where (np.ndarray): ``(n,)`` bool, which of them count; at least one of all shards.
        shards (Shards): Where the values lie. Defaults to all of them here.

    Yields:
        np.ndarray: float32 in (0, 1), of those values in the next of :func:`blocks_of` that count.
    """
    bins = _fine_bins(values, where, shards)
    counts = _count(values, where, bins, shards)
    shares = np.cumsum(counts) - counts / 2  # the middle of each bin
    shares = (shares / counts.sum()).astype(np.float32)
    del counts
    for keys in _keys(values, where):
        yield shares[bins.of(keys)]


class _Bins(NamedTuple):
    """How the line is cut: coarse bin ``h`` into ``splits[h]``, numbered from ``firsts[h]`` on."""

    splits: np.ndarray
    firsts: np.ndarray

    def of(self, keys: np.ndarray) -> np.ndarray:
        """Returns the bins of keys."""
        # As indices numpy wants intp, and to clip them is quicker than to check them.
        high, low = (keys >> np.uint32(16)).astype(np.intp), keys & np.uint32(0xFFFF)
        low *= self.splits.take(high, mode='clip')
        low >>= np.uint32(16)
        low += self.firsts.take(high, mode='clip')
        return low.astype(np.intp)


def _fine_bins(values: np.ndarray, where: np.ndarray, shards: Shards) -> _Bins:
    step = max(1, len(values) // LOOKED_AT)
    coarse = coarse_counts(values[::step], where[::step], shards)
    splits = -(-coarse * FINE // max(coarse.sum(), 1))
    if coarse.sum() < shards.count(where):  # of all shards, so that all decide alike
        splits = np.maximum(splits, 1)  # for values that were not looked at
    return _Bins(splits.astype(np.uint32), (np.cumsum(splits) - splits).astype(np.uint32))


def _count(values: np.ndarray, where: np.ndarray, bins: _Bins, shards: Shards) -> np.ndarray:
    counts = np.zeros(int(bins.firsts[-1] + bins.splits[-1]), dtype=np.int64)
    for keys in _keys(values, where):
        counts += np.bincount(bins.of(keys), minlength=len(counts))
    return shards.sum(counts)


def nth_smallest(
    values: np.ndarray, where: np.ndarray, rank: int, shards: Shards = WHOLE
) -> np.float32:
    """Returns the value that ``rank`` others come before in ascending order, exactly.

    Args:
        values (np.ndarray): ``(n,)`` float32, finite.
        where (np.ndarray): ``(n,)`` bool, which of them count.
        rank (int): From 0, below the number of values that count in all shards.
        shards (Shards): Where the values lie. Defaults to all of them here.
    """
    ends = np.cumsum(coarse_counts(values, where, shards))
    high = int(np.searchsorted(ends, rank, side='right'))
    rank -= int(ends[high - 1]) if high else 0
    counts = np.zeros(65536, dtype=np.int64)
    for keys in _keys(values, where):
        inside = keys[keys >> np.uint32(16) == high]
        counts += np.bincount(inside & np.uint32(0xFFFF), minlength=65536)
    low = int(np.searchsorted(np.cumsum(shards.sum(counts)), rank, side='right'))
    return _values_of(np.array([high << 16 | low]))[0]


def percentile(
    values: np.ndarray, where: np.ndarray, share: float, shards: Shards = WHOLE
) -> np.float32:
    """Returns a percentile, interpolated between neighbours as ``np.percentile`` does.

    Args:
        values (np.ndarray): ``(n,)`` float32, finite.
        where (np.ndarray): ``(n,)`` bool, which of them count; at least one of all shards.
        share (float): In ``[0, 100]``.
        shards (Shards): Where the values lie. Defaults to all of them here.
    """
    last = shards.count(where) - 1
    rank = last * share / 100
    below = float(nth_smallest(values, where, int(rank), shards))
    above = float(nth_smallest(values, where, min(int(rank) + 1, last), shards))
    return np.float32(below + (rank - int(rank)) * (above - below))


def mean(values: np.ndarray, where: np.ndarray, shards: Shards = WHOLE) -> np.float32:
    """Returns the mean of the values that count, of all shards, summed in float64."""
    total = values.sum(dtype=np.float64, where=where)
    total, number = shards.sum(np.array([total, np.count_nonzero(where)]))
    return np.float32(total / number)


def coarse_counts(values: np.ndarray, where: np.ndarray, shards: Shards = WHOLE) -> np.ndarray:
    """Counts values by the upper 16 bits of their keys: ``(65536,)`` int64."""
    counts = np.zeros(COARSE, dtype=np.int64)
    for keys in _keys(values, where):
        counts += np.bincount(keys >> np.uint32(16), minlength=COARSE)
    return shards.sum(counts)


def _keys(values: np.ndarray, where: np.ndarray) -> Iterator[np.ndarray]:
    """Yields uint32 keys in the order of the values, block by block."""
    for block in blocks_of(len(values)):
        part = values[block] if where[block].all() else values[block][where[block]]
        bits = (part.astype(np.float32, copy=False) + np.float32(0)).view(np.int32)  # -0 is 0
        # Negative numbers: all bits flipped. The others: the sign bit set.
        yield (bits ^ (bits >> 31 | np.int32(-(2**31)))).view(np.uint32)


def _values_of(keys: np.ndarray) -> np.ndarray:
    """Returns the float32 values of keys."""
    keys = keys.astype(np.uint32)
    negative = keys < 2**31
    return np.where(negative, ~keys, keys ^ np.uint32(2**31)).view(np.float32)
