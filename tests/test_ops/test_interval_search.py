from fractions import Fraction

import numpy as np
import pytest

from bls_mm.ops.interval_search import IntervalCosts


def exact_cost(points, counts):
    points = [Fraction(point) for point in points.tolist()]
    counts = [int(count) for count in counts]
    mean = sum(p * c for p, c in zip(points, counts)) / sum(counts)
    return float(sum(c * (p - mean) ** 2 for p, c in zip(points, counts)))


@pytest.mark.parametrize('size', [1, 2, 3, 8, 21])
def test_cost_of_every_interval_is_exact(size):
    rng = np.random.default_rng(size)
    points = np.unique(rng.normal(0, 1, size).astype(np.float32)).astype(float)
    counts = rng.integers(1, 1000, len(points))
    costs = IntervalCosts(points, counts)
    for first in range(len(points)):
        last = np.arange(first, len(points))
        expected = [exact_cost(points[first : j + 1], counts[first : j + 1]) for j in last]
        np.testing.assert_allclose(costs(first, last), expected, rtol=1e-13)


@pytest.mark.parametrize(
    'points',
    [
        [-1e38, -3.0, -1.0, 1.0, 1.5, 2.0, 1e38, 2e38],
        [1e-40, 2e-40, 1e-20, 1e-3, 1.0, 1.0000001, 1.0000002, 1e8, 1.00000008e8],
        [1000, 1000.00006, 1000.0001, 1000.0002],
    ],
)
def test_neither_outliers_nor_an_offset_cost_digits(points):
    points = np.array(points, dtype=np.float32).astype(float)
    counts = np.array([1, 10_000_000] * len(points))[: len(points)]
    costs = IntervalCosts(points, counts)
    for first in range(len(points)):
        last = np.arange(first, len(points))
        expected = [exact_cost(points[first : j + 1], counts[first : j + 1]) for j in last]
        np.testing.assert_allclose(costs(first, last), expected, rtol=1e-8)
