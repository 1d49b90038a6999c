"""Optimal 1-D k-means of the values of all shards.

In one dimension the optimal groups are intervals. :func:`bracket_starts` excludes boundaries, which
is valid for any distribution: with one peak it usually leaves a few hundred of 30,000 points, with
several peaks up to all of them. A search over these finds the optimum without random initialisation
(:mod:`~bls_mm.ops.interval_search`).
"""

from typing import Optional, Tuple

import numpy as np

from .histogram import fine_histogram
from .interval_search import IntervalCosts, search_starts
from .shards import WHOLE, Shards

MAX_GATHERED = 1 << 15
"""Number of values up to which all of them are gathered, 8 bytes each, and sorted."""

MAX_STEPS = 200
"""Maximal number of steps of :func:`bracket_starts`. Any number gives a valid bracket."""


def kmeans_boundaries(
    values: np.ndarray,
    num_groups: int,
    where: Optional[np.ndarray] = None,
    shards: Shards = WHOLE,
) -> np.ndarray:
    """Returns the boundaries between the k groups with the least within-group sum of squares.

    - For at most ``MAX_GATHERED`` values the groups are optimal.
    - More values are rounded to the centres of the bins of
      :func:`~bls_mm.ops.histogram.fine_histogram`, and the groups are optimal for these. With the
      sum of squares ``s`` of these groups, ``s_best`` of the optimal ones, and ``r`` of the
      roundings, ``sqrt(s) <= sqrt(s_best) + 2 * sqrt(r)``. Measured: ``s < 1.0001 * s_best``, see
      ``benchmarks/kmeans_cost.py``.

    Args:
        values (np.ndarray): ``(n,)`` float32, finite.
        num_groups (int): Number of groups k. With fewer distinct values there are fewer groups.
        where (np.ndarray, optional): ``(n,)`` bool, selects values. If it selects none, there is
            one group. Defaults to None, all.
        shards (Shards): How samples are distributed over ranks. Defaults to all on this rank.

    Returns:
        np.ndarray: ``(k - 1,)`` or fewer boundaries, float32, ascending, the same on every rank.
        Group ``g`` contains the values with ``boundaries[g - 1] <= value < boundaries[g]``.
    """
    where = np.ones(len(values), dtype=bool) if where is None else where
    number = shards.count(where)
    if number == 0:
        return np.empty(0, dtype=np.float32)
    if number <= MAX_GATHERED:
        edges, counts = np.unique(_gather(values[where], shards), return_counts=True)
        points = edges
    else:
        edges, counts, points = fine_histogram(values, where, shards)
    starts = optimal_starts(points, counts, min(num_groups, len(points)))
    return edges[starts[1:]].astype(np.float32)


def _gather(selected: np.ndarray, shards: Shards) -> np.ndarray:
    """Returns the selected values of all shards, float64: a sum of arrays that are 0 elsewhere."""
    ends = np.cumsum(shards.counts(np.ones(len(selected), dtype=bool)))
    gathered = np.zeros(ends[-1])
    gathered[ends[shards.rank] - len(selected) : ends[shards.rank]] = selected
    return shards.sum(gathered)


def optimal_starts(points: np.ndarray, counts: np.ndarray, num_groups: int) -> np.ndarray:
    """Returns the first point of each group of the partition with the least sum of squares.

    The result is optimal up to the rounding of costs, whose relative error is about 1e-12.

    Args:
        points (np.ndarray): ``(m,)`` float64, strictly ascending; of the size of float32 values.
        counts (np.ndarray): ``(m,)`` int64, the number of values at each point, positive.
        num_groups (int): Number of groups k, from 1 to m.

    Returns:
        np.ndarray: ``(k,)`` indices, ascending from 0.
    """
    low, high = bracket_starts(points, counts, num_groups)
    # Points between two possible starts are in the same group: merge them. Their spread about
    # their mean is the same for all partitions, so that it can be left out.
    possible = np.zeros(len(points), dtype=bool)
    possible[0] = True
    for first, last in zip(low, high):
        possible[first : last + 1] = True
    firsts = np.flatnonzero(possible)
    merged = np.cumsum(possible) - 1
    sizes = np.add.reduceat(counts, firsts)
    means = np.add.reduceat(counts * points, firsts) / sizes
    starts = [np.arange(merged[first], merged[last] + 1) for first, last in zip(low, high)]
    return firsts[search_starts(IntervalCosts(means, sizes), starts, len(firsts))]


def bracket_starts(
    points: np.ndarray, counts: np.ndarray, num_groups: int
) -> Tuple[np.ndarray, np.ndarray]:
    """Returns the lowest and the highest possible start of each group but the first.

    A step of Lloyd's algorithm moves the boundary between two groups to the middle of their means.
    It leaves the optimal partition unchanged. It is monotone: if no boundary is below that of
    another partition, this holds after the step, since the mean of a group increases with both of
    its ends. So steps from the lowest of all partitions stay below the optimal one, and steps from
    the highest stay above it, until they change nothing.

    Args:
        points (np.ndarray): See :func:`optimal_starts`.
        counts (np.ndarray): See :func:`optimal_starts`.
        num_groups (int): See :func:`optimal_starts`.

    Returns:
        tuple: Two arrays of ``(k - 1,)`` indices, strictly ascending.
    """
    sums = counts * points
    before = np.append(0, np.cumsum(counts))
    order = np.arange(num_groups - 1)

    def step(starts: np.ndarray, side: str) -> np.ndarray:
        sizes = np.diff(before[starts], prepend=0, append=before[-1])
        means = np.add.reduceat(sums, np.append(0, starts)) / sizes
        return np.searchsorted(points, (means[1:] + means[:-1]) / 2, side)

    low = order + 1
    high = low + len(points) - num_groups
    for _ in range(MAX_STEPS):
        # A point in the middle may be in either group. Every group has at least one point.
        raised = np.maximum(low, step(low, 'left'))
        raised = np.maximum.accumulate(raised - order) + order
        lowered = np.minimum(high, step(high, 'right'))
        lowered = np.minimum.accumulate((lowered - order)[::-1])[::-1] + order
        if np.array_equal(raised, low) and np.array_equal(lowered, high):
            break
        low, high = raised, lowered
    return np.minimum(low, high), np.maximum(low, high)  # rounding may interchange neighbours
