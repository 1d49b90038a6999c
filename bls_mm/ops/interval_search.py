"""Dynamic programming for the partition of points into intervals with the least sum of squares.

The best partition of the first j points into g groups is the best partition of the first i points
into g - 1 groups, plus points i to j, for the best i (Wang and Song 2011, Ckmeans.1d.dp). The best
i does not decrease with j, so that divide and conquer needs O(k m log m) costs instead of O(k m^2)
(Gronlund et al. 2017, arXiv 1701.07204).
"""

from typing import Tuple

import numpy as np


class IntervalCosts:
    """Within-group sums of squares of intervals of points, each in constant time.

    With prefix sums of counts, values and squares the cost of an interval is ``q - s ** 2 / n``. A
    single value of 1e8 makes the rounding error of this difference larger than the costs of all
    other intervals. This class adds positive terms only. A *disjoint sparse table* holds count,
    mean and sum of squares of ``m log2(m)`` intervals. Any interval is the union of two of these::

        level 3:  <-------|------->     Arrows start at a midpoint. If a midpoint of a level
        level 2:  <---|--->...          separates the ends of an interval, and none of the levels
        level 1:  <-|->...              above does, the interval is one arrow to each side.

    Chan, Golub and LeVeque (1983) give the sum of squares of the union of parts a and b:
    ``M2_a + M2_b + n_a * n_b / (n_a + n_b) * (mean_b - mean_a) ** 2``.

    Args:
        points (np.ndarray): ``(m,)`` float64, ascending.
        counts (np.ndarray): ``(m,)``, the number of values at each point, positive.
    """

    def __init__(self, points: np.ndarray, counts: np.ndarray) -> None:
        width = 1 << (len(points) - 1).bit_length()
        padding = width - len(points)
        points = np.append(points, np.full(padding, points[-1]))
        counts = np.append(counts, np.ones(padding)).astype(np.float64)
        levels = [(counts, points, np.zeros(width))]
        half = 1
        while half < width:
            levels.append(_from_midpoints(points.reshape(-1, 2, half), counts.reshape(-1, 2, half)))
            half *= 2
        self._counts, self._means, self._squares = (np.concatenate(part) for part in zip(*levels))
        # The highest bit in which two indices differ is the level that separates them.
        self._offsets = np.zeros(width, dtype=np.intp)
        for level in range(1, len(levels)):
            self._offsets[1 << (level - 1) : 1 << level] = level * width

    def __call__(self, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Returns the sums of squares of points ``first`` to ``last``, both included: float64.

        Args:
            first (np.ndarray): Integer indices.
            last (np.ndarray): Integer indices, at least ``first``; broadcast together.
        """
        left = self._offsets[first ^ last]
        right = left + last
        left = left + first
        count_left, count_right = self._counts[left], self._counts[right]
        cost = self._means[right]
        cost -= self._means[left]
        cost *= cost
        cost *= count_left
        cost *= count_right
        cost /= count_left + count_right
        cost += self._squares[left]
        cost += self._squares[right]
        return cost


def _from_midpoints(points: np.ndarray, counts: np.ndarray) -> tuple:
    """Returns count, mean and sum of squares of all intervals that start at a midpoint.

    Args:
        points (np.ndarray): ``(blocks, 2, half)``. The midpoint is between the two halves.
        counts (np.ndarray): Same shape.

    Returns:
        tuple: Three ``(blocks * 2 * half,)`` float64 arrays. An element is about the interval
        between it, included, and the midpoint of its block.
    """
    points, counts = (_mirror_left(array) for array in (points, counts))
    origin = points[:, :, :1]  # keeps the digits in which close points differ
    offsets = points - origin
    sizes = counts.cumsum(axis=2)
    means = (counts * offsets).cumsum(axis=2) / sizes
    # Add one point at a time to those before it, with the formula above.
    squares = np.zeros_like(means)
    squares[:, :, 1:] = (offsets[:, :, 1:] - means[:, :, :-1]) ** 2
    squares[:, :, 1:] *= counts[:, :, 1:] * (sizes[:, :, :-1] / sizes[:, :, 1:])
    squares = squares.cumsum(axis=2)
    return tuple(_mirror_left(array).ravel() for array in (sizes, means + origin, squares))


def _mirror_left(halves: np.ndarray) -> np.ndarray:
    """Returns a copy with the left half of each block in reversed order."""
    mirrored = halves.copy()
    mirrored[:, 0] = halves[:, 0, ::-1]
    return mirrored


def search_starts(costs: IntervalCosts, starts: list, size: int) -> np.ndarray:
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
