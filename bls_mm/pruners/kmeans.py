"""k-means on a line, exactly, on a sketch of the values."""

from typing import Optional

import numpy as np

from .histogram import fine_histogram
from .shards import WHOLE, Shards

SKETCH_SIZE = 512


def kmeans_cuts(
    values: np.ndarray,
    num_groups: int,
    where: Optional[np.ndarray] = None,
    shards: Shards = WHOLE,
) -> np.ndarray:
    """Cuts values on a line into the groups of least variance.

    The best k-means groups on a line are intervals, and dynamic programming finds them without a
    start to depend on. It runs on the bins of a fine histogram (see
    :func:`bls_mm.pruners.histogram.fine_histogram`) if few of them hold values, else on
    ``SKETCH_SIZE`` bins of equal count; a cut is then off by at most one bin, 0.2 % of the samples.

    Args:
        values (np.ndarray): ``(n,)`` float32, finite.
        num_groups (int): Number of groups k. Fewer distinct values give fewer groups.
        where (np.ndarray, optional): ``(n,)`` bool, which values count; without any there is one
            group. Defaults to None, all.
        shards (Shards): Where the values lie. Defaults to all of them here.

    Returns:
        np.ndarray: At most ``k - 1`` cuts, ascending float32: group ``g`` is
        ``cuts[g - 1] <= value < cuts[g]``.
    """
    where = np.ones(len(values), dtype=bool) if where is None else where
    if shards.count(where) == 0:
        return np.empty(0, dtype=np.float32)
    lowest, centres, counts = _sketch(values, where, shards)
    starts = _best_starts(centres, counts, min(num_groups, len(centres)))
    return lowest[starts[1:]]


def _sketch(values: np.ndarray, where: np.ndarray, shards: Shards) -> tuple:
    """Returns lower edge, mean and count of each of at most ``SKETCH_SIZE`` ordered bins."""
    edges, counts = fine_histogram(values, where, shards)
    if len(counts) <= SKETCH_SIZE:
        return edges, edges.astype(np.float64), counts
    before = np.cumsum(counts) - counts
    firsts = np.flatnonzero(np.diff(before * SKETCH_SIZE // counts.sum(), prepend=-1))
    sums = np.add.reduceat(edges * counts, firsts, dtype=np.float64)
    counts = np.add.reduceat(counts, firsts)
    return edges[firsts], sums / counts, counts


def _best_starts(centres: np.ndarray, counts: np.ndarray, num_groups: int) -> list:
    """Returns the first bin of each group of the partition with the least sum of squares."""
    centred = centres - np.average(centres, weights=counts)
    centred = np.ldexp(centred, -np.frexp(np.abs(centred).max())[1])  # squares must not overflow
    n, s, q = (
        np.concatenate([[0], np.cumsum(counts * power)])
        for power in (np.ones_like(centred), centred, centred**2)
    )
    size = len(centres)
    # spread[i, j]: sum of squares of bins i..j about their mean
    spread = np.full((size, size), np.inf, dtype=np.float32)
    for i in range(size):
        squares, sums, numbers = (x[i + 1 :] - x[i] for x in (q, s, n))
        spread[i, i:] = squares - sums**2 / numbers

    best = spread[0]
    choices = []
    for _ in range(num_groups - 1):
        # total[i, j]: bins 0..i-1 in the groups so far, bins i..j in one more
        total = spread + np.append(np.float32(np.inf), best[:-1])[:, None]
        choices.append(total.argmin(axis=0))
        best = total.min(axis=0)
    starts, last = [], size - 1
    for choice in reversed(choices):
        starts.append(int(choice[last]))
        last = starts[-1] - 1
    return [0, *reversed(starts)]
