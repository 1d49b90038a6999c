import numpy as np
import pytest
from partition_cases import CASES, least_sum_of_squares, make_case, sum_of_squares

from bls_mm.ops import kmeans
from bls_mm.ops.kmeans import bracket_starts, optimal_starts


def partition(values, num_groups):
    """Returns the boundaries of the partition, and the first possible and last possible ones."""
    points, counts = np.unique(values.astype(float), return_counts=True)
    starts = optimal_starts(points, counts, num_groups)
    assert starts[0] == 0
    assert (np.diff(starts) > 0).all()
    low, high = bracket_starts(points, counts, num_groups)
    assert (low <= starts[1:]).all()
    assert (starts[1:] <= high).all()
    return points[starts[1:]]


@pytest.mark.parametrize('num_groups', [1, 2, 3, 5, 11])
@pytest.mark.parametrize('name', CASES)
def test_partition_is_optimal(name, num_groups):
    values = make_case(name, 400)
    num_groups = min(num_groups, len(np.unique(values)))
    ours = sum_of_squares(values, partition(values, num_groups))
    assert ours == pytest.approx(least_sum_of_squares(values, num_groups), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize('name', CASES)
def test_partition_does_not_depend_on_how_narrow_the_bracket_is(name, monkeypatch):
    values = make_case(name, 2000)
    boundaries = partition(values, 5)
    monkeypatch.setattr(kmeans, 'MAX_STEPS', 0)
    np.testing.assert_array_equal(partition(values, 5), boundaries)


def test_as_many_groups_as_points():
    points = np.array([-3.0, 1.0, 4.0, 5.0])
    assert optimal_starts(points, np.array([1, 9, 1, 1]), 4).tolist() == [0, 1, 2, 3]


def test_small_differences_count_beside_outliers():
    cluster = np.array([1.0, 1.1, 1.2, 2.0, 2.1, 3.0, 3.1], dtype=np.float32)
    values = np.concatenate([[-1e38, 1e38, 1e38], np.repeat(cluster, 100)]).astype(np.float32)
    boundaries = np.float32([1.0, 2.0, 3.0, 1e38])
    np.testing.assert_array_equal(partition(values, 5).astype(np.float32), boundaries)


def test_counts_weight_the_points():
    points = np.array([0.0, 1.0, 2.0])
    assert optimal_starts(points, np.array([100, 100, 1]), 2).tolist() == [0, 1]
    assert optimal_starts(points, np.array([1, 100, 100]), 2).tolist() == [0, 2]


def test_bracket_of_a_distribution_with_one_peak_is_narrow():
    points = np.sort(np.random.default_rng(0).gamma(1.5, 1, 30_000))
    low, high = bracket_starts(points, np.ones(30_000, dtype=np.int64), 5)
    assert (high - low).max() < 300
