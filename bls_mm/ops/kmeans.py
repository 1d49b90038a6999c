"""Optimal 1-D k-means of the values of all shards."""

from typing import Optional

import numpy as np

from .histogram import fine_histogram
from .interval_partition import optimal_starts
from .shards import WHOLE, Shards

MAX_GATHERED = 1 << 15
"""Number of values up to which all of them are gathered, 8 bytes each, and sorted."""


def kmeans_boundaries(
    values: np.ndarray,
    num_groups: int,
    where: Optional[np.ndarray] = None,
    shards: Shards = WHOLE,
) -> np.ndarray:
    """Returns the boundaries between the k groups with the least within-group sum of squares.

    In one dimension the optimal groups are intervals.
    :func:`~bls_mm.ops.interval_partition.optimal_starts` finds them without random initialisation:

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
