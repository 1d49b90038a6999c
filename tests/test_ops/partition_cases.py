"""Distributions of scores, and the optimal partition by plain dynamic programming."""

import numpy as np


def bimodal(rng, n):
    return np.where(rng.random(n) < 0.5, rng.normal(0, 0.1, n), rng.normal(3, 0.5, n))


def trimodal_with_gaps(rng, n):
    return rng.choice([0.0, 5.0, 20.0], n, p=[0.7, 0.2, 0.1]) + rng.random(n)


def wrong_labels(rng, n):
    """Losses of a model that fits its training set, 2 % of which has wrong labels."""
    return np.where(rng.random(n) < 0.02, abs(rng.normal(6, 1, n)), rng.lognormal(-3, 0.8, n))


def with_outliers(rng, n):
    return rng.gamma(1.5, 1, n) * np.where(rng.random(n) < 0.002, 1e6, 1)


CASES = {
    'gamma': lambda rng, n: rng.gamma(1.5, 1, n),
    'normal': lambda rng, n: rng.normal(0, 1, n),
    'lognormal 1': lambda rng, n: rng.lognormal(0, 1, n),
    'lognormal 2': lambda rng, n: rng.lognormal(0, 2, n),
    'Pareto': lambda rng, n: rng.pareto(1.5, n),
    'Cauchy, clipped': lambda rng, n: rng.standard_cauchy(n).clip(-1e4, 1e4),
    'bimodal': bimodal,
    'trimodal with gaps': trimodal_with_gaps,
    'wrong labels': wrong_labels,
    'outliers': with_outliers,
    'exponential decay': lambda rng, n: np.exp(-15 * rng.random(n)),
    'uniform': lambda rng, n: rng.random(n),
    'discrete': lambda rng, n: rng.poisson(3, n),
    'duplicates': lambda rng, n: rng.gamma(1.5, 1, n).round(2),
    'large offset': lambda rng, n: rng.normal(1000, 1, n),
    '60 powers of ten': lambda rng, n: 10 ** rng.uniform(-30, 30, n),
}


def make_case(name, size):
    """Returns ``(size,)`` float32 values."""
    return CASES[name](np.random.default_rng(0), size).astype(np.float32)


def sum_of_squares(values, boundaries):
    """Returns the within-group sum of squares."""
    groups = np.split(np.sort(values.astype(float)), np.searchsorted(np.sort(values), boundaries))
    return sum(((group - group.mean()) ** 2).sum() for group in groups if len(group))


def least_sum_of_squares(values, num_groups):
    """Returns the least within-group sum of squares, by dynamic programming in O(n^2 k)."""
    points, counts = np.unique(values.astype(float), return_counts=True)
    size = len(points)
    cost = np.full((size, size), np.inf)  # [j, i]: of points i to j
    number, mean, squares = np.zeros((3, size))
    for j, (point, count) in enumerate(zip(points, counts)):
        # Welford's update of the intervals that start at points 0 to j
        total, shift = number[: j + 1] + count, point - mean[: j + 1]
        squares[: j + 1] += count * number[: j + 1] / total * shift**2
        mean[: j + 1] += count / total * shift
        number[: j + 1] = total
        cost[j, : j + 1] = squares[: j + 1]
    best = cost[:, 0]
    for _ in range(min(num_groups, size) - 1):
        best = (cost + np.append(np.inf, best[:-1])).min(axis=1)
    return best[-1]


def least_sum_of_squares_of_many(values, num_groups):
    """Returns the same in O(k n log n): the best starts of the last group ascend with its end."""
    points = np.sort(values.astype(float))
    points -= np.median(points)
    size = len(points)
    sums = np.append(0, np.cumsum(points))
    gains = sums[1:] ** 2 / np.arange(1, size + 1)  # sum of squares without groups, minus with

    def solve(first, last, lowest, highest):
        """Fills ``gains[first : last + 1]``; the best starts are ``lowest`` to ``highest``."""
        if last - first > 64:
            middle = (first + last) // 2
            start = solve(middle, middle, lowest, highest)
            solve(first, middle - 1, lowest, start)
            solve(middle + 1, last, start, highest)
            return None
        ends = np.arange(first + 1, last + 2)[:, None]
        starts = np.arange(lowest, min(highest, last) + 1)
        gain = (sums[ends] - sums[starts]) ** 2 / np.maximum(ends - starts, 1)
        gain += before[starts]
        gain[starts >= ends] = -np.inf
        gains[first : last + 1] = gain.max(axis=1)
        return starts[gain[-1].argmax()]

    for _ in range(num_groups - 1):
        before, gains = np.append(-np.inf, gains), np.empty(size)
        solve(0, size - 1, 0, size - 1)
    return (points**2).sum() - gains[-1]
