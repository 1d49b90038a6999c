"""Optimal partition of weighted points on a line into intervals: exact 1-D k-means.

In one dimension the optimal k-means groups are intervals, and dynamic programming finds them (Wang
and Song 2011, Ckmeans.1d.dp): the best partition of the first j points into g groups is the best
partition of the first i points into g - 1 groups, plus points i to j, for the best i. The best i
does not decrease with j, so that divide and conquer needs O(k m log m) costs instead of O(k m^2)
(Gronlund et al. 2017, arXiv 1701.07204).

Before that, :func:`bracket_starts` excludes boundaries, which is valid for any distribution. With
one peak it usually leaves a few hundred of 30,000 points, with several peaks up to all of them.
"""

from typing import Tuple

import numpy as np

from .interval_costs import IntervalCosts

MAX_STEPS = 200
"""Maximal number of steps of :func:`bracket_starts`. Any number gives a valid bracket."""


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
    return firsts[_search(IntervalCosts(means, sizes), starts, len(firsts))]


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


def _search(costs: IntervalCosts, starts: list, size: int) -> np.ndarray:
    """Returns the optimal start of each group, by dynamic programming.

    Args:
        costs (IntervalCosts): Costs of intervals of points.
        starts (list): For each group but the first, ``(c,)`` consecutive indices: possible starts.
            The first of one group is before the first of the next.
        size (int): Number of points.
    """
    if not starts:
        return np.zeros(1, dtype=np.intp)
    least = costs(0, starts[0] - 1)  # of the points before each start, in the groups so far
    choices = []
    for earlier, later in zip(starts, starts[1:]):
        least, choice = _extend(costs, least, earlier, later)
        choices.append(choice)
    # Backtrack from the start of the last group.
    found = [starts[-1][np.argmin(least + costs(starts[-1], size - 1))]]
    for later, choice in zip(starts[:0:-1], reversed(choices)):
        found.append(choice[found[-1] - later[0]])
    return np.array([0, *reversed(found)])


def _extend(
    costs: IntervalCosts, least: np.ndarray, earlier: np.ndarray, later: np.ndarray
) -> Tuple[np.ndarray, np.ndarray]:
    """Adds one group: for each start of the next group, the best start of this one, and the cost.

    The best start is not before that of any earlier row (start of the next group), and not after
    that of any later row. So the middle row bounds the search of both halves, and so on. All rows
    of the same depth are computed at once.
    """
    choice = np.full(len(later) + 2, earlier[0])  # of row r in [r + 1], between two sentinels
    choice[-1] = earlier[-1]
    total = np.empty(len(later))
    span = 1 << len(later).bit_length()
    while span > 1:
        rows = np.arange(span // 2, len(later) + 1, span)
        after = np.minimum(rows + span // 2, len(later) + 1)
        lowest = choice[rows - span // 2]
        highest = np.minimum(choice[after], later[rows - 1] - 1)  # at least one point
        # One list of the candidates of all rows, one row after the other.
        lengths = highest - lowest + 1
        firsts = np.cumsum(lengths) - lengths
        row = np.repeat(np.arange(len(rows)), lengths)
        start = np.arange(len(row)) + (lowest - firsts)[row]
        cost = least[start - earlier[0]] + costs(start, later[rows - 1][row] - 1)
        total[rows - 1] = np.minimum.reduceat(cost, firsts)
        minima = np.flatnonzero(cost == total[rows - 1][row])
        choice[rows] = start[minima[np.searchsorted(minima, firsts)]]  # the first one of each row
        span //= 2
    return total, choice[1:-1]
