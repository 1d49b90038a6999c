"""k-means on a line, exactly, on a sketch of the values."""

import numpy as np

SKETCH_SIZE = 512


def kmeans_cuts(values: np.ndarray, num_groups: int) -> np.ndarray:
    """Cuts values on a line into the groups of least variance.

    The best k-means groups on a line are intervals, and dynamic programming finds them without a
    start to depend on. It runs on the distinct values themselves if they are few, else on
    ``SKETCH_SIZE`` bins of equal count; a cut is then off by at most one bin, 0.2 % of the samples.

    Args:
        values (np.ndarray): ``(n,)`` float32, finite, at least one.
        num_groups (int): Number of groups k. Fewer distinct values give fewer groups.

    Returns:
        np.ndarray: At most ``k - 1`` cuts, ascending float32: group ``g`` is
        ``cuts[g - 1] <= value < cuts[g]``.
    """
    lowest, centres, counts = _sketch(values)
    starts = _best_starts(centres, counts, min(num_groups, len(centres)))
    return lowest[starts[1:]]


def _sketch(values: np.ndarray) -> tuple:
    """Returns lowest value, mean and count of each of at most ``SKETCH_SIZE`` ordered bins."""
    ordered = np.sort(values)
    firsts = np.flatnonzero(np.diff(ordered, prepend=np.nan) != 0)
    if len(firsts) > SKETCH_SIZE:
        quantiles = np.linspace(0, len(ordered), SKETCH_SIZE, endpoint=False).astype(np.int64)
        # A bin starts where its value first occurs, so that equal values share a bin.
        firsts = np.unique(np.searchsorted(ordered, ordered[quantiles]))
    counts = np.diff(firsts, append=len(ordered))
    centres = np.add.reduceat(ordered, firsts, dtype=np.float64) / counts
    return ordered[firsts], centres, counts


def _best_starts(centres: np.ndarray, counts: np.ndarray, num_groups: int) -> list:
    """Returns the first bin of each group of the partition with the least sum of squares."""
    centred = centres - np.average(centres, weights=counts)
    n, s, q = (
        np.concatenate([[0], np.cumsum(counts * power)])
        for power in (np.ones_like(centred), centred, centred**2)
    )
    size = len(centres)
    first, end = np.arange(size)[:, None], np.arange(1, size + 1)[None, :]
    with np.errstate(divide='ignore', invalid='ignore'):
        # spread[i, j]: sum of squares of bins i..j about their mean
        spread = q[end] - q[first] - (s[end] - s[first]) ** 2 / (n[end] - n[first])
    spread[first >= end] = np.inf

    best = spread[0]
    choices = []
    for _ in range(num_groups - 1):
        # total[i, j]: bins 0..i-1 in the groups so far, bins i..j in one more
        total = np.concatenate([[np.inf], best[:-1]])[:, None] + spread
        choices.append(total.argmin(axis=0))
        best = total.min(axis=0)
    starts, last = [], size - 1
    for choice in reversed(choices):
        starts.append(int(choice[last]))
        last = starts[-1] - 1
    return [0, *reversed(starts)]
