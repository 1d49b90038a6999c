from itertools import combinations

import numpy as np
import pytest
from partition_cases import (
    CASES,
    least_sum_of_squares,
    least_sum_of_squares_of_many,
    make_case,
    sum_of_squares,
)
from shard_threads import SIZE, on_shards

from bls_mm.ops import kmeans
from bls_mm.ops.kmeans import MAX_GATHERED, kmeans_boundaries, optimal_starts

MANY = 100_000


def test_separated_groups_are_found():
    values = np.array([10.0, 1.0, 1.2, 5.0, 0.9, 5.1, 10.3], dtype=np.float32)
    assert kmeans_boundaries(values, 3).tolist() == [5, 10]


@pytest.mark.parametrize('scale', [1e-30, 1e22, 1e37])
def test_result_does_not_depend_on_the_scale_of_the_values(scale):
    values = np.array([10, 1, 1.2, 5, 0.9, 5.1, 10.3])
    boundaries = kmeans_boundaries((scale * values).astype(np.float32), 3)
    np.testing.assert_allclose(boundaries, [5 * scale, 10 * scale], rtol=1e-6)


@pytest.mark.parametrize('num_groups', [1, 2, 3, 4])
def test_partition_is_optimal_among_all_partitions(num_groups):
    rng = np.random.default_rng(num_groups)
    for _ in range(20):
        values = rng.integers(0, 40, 14).astype(np.float32)
        distinct = np.unique(values)
        best = min(
            sum_of_squares(values, boundaries)
            for boundaries in combinations(distinct[1:], num_groups - 1)
        )
        ours = sum_of_squares(values, kmeans_boundaries(values, num_groups))
        assert ours == pytest.approx(best, abs=1e-3)


@pytest.mark.parametrize('name', CASES)
def test_partition_of_few_values_is_optimal(name):
    values = make_case(name, 2000)
    ours = sum_of_squares(values, kmeans_boundaries(values, 5))
    assert ours <= (1 + 1e-9) * least_sum_of_squares(values, 5)


@pytest.mark.parametrize('name', CASES)
def test_many_values_are_partitioned_as_if_none_were_rounded(name):
    values = np.sort(make_case(name, MANY))
    assert len(values) > MAX_GATHERED
    points, counts = np.unique(values.astype(float), return_counts=True)
    optimal = points[optimal_starts(points, counts, 5)[1:]]
    ours = kmeans_boundaries(values, 5)
    assert sum_of_squares(values, ours) <= 1.0001 * sum_of_squares(values, optimal)
    moved = np.searchsorted(values, ours) - np.searchsorted(values, optimal.astype(np.float32))
    assert np.abs(moved).max() <= 0.002 * MANY


@pytest.mark.slow
@pytest.mark.parametrize('name', ['wrong labels', 'lognormal 2', 'trimodal with gaps'])
def test_partition_of_many_values_is_nearly_optimal(name):
    values = make_case(name, MANY)
    ours = sum_of_squares(values, kmeans_boundaries(values, 5))
    assert ours <= 1.0001 * least_sum_of_squares_of_many(values, 5)


@pytest.mark.parametrize('size', [2000, MANY])
def test_wrong_labels_do_not_merge_easy_and_medium_samples(size):
    # With 512 bins of equal count (version 0.1) one group had 97 % of 2,000 samples.
    values = make_case('wrong labels', size)
    sizes = np.bincount(np.digitize(values, kmeans_boundaries(values, 5)), minlength=5)
    assert (sizes[:2] > 0.1 * size).all()
    assert sizes[0] < 0.9 * size


@pytest.mark.parametrize('size', [2000, MANY])
@pytest.mark.parametrize('name', CASES)
def test_shards_give_the_boundaries_of_all_values(name, size):
    values = make_case(name, size)
    where = np.random.default_rng(1).random(size) < 0.7

    def boundaries(shards):
        mine = slice(shards.rank, None, SIZE)
        return kmeans_boundaries(values[mine], 5, where[mine], shards)

    expected = kmeans_boundaries(values, 5, where)
    for found in on_shards(boundaries):
        np.testing.assert_array_equal(found, expected)


def test_a_shard_without_selected_values_agrees_with_the_others():
    values = np.array([10.0, 1.0, 1.2, 5.0, 0.9, 5.1, 10.3], dtype=np.float32)

    def boundaries(shards):
        where = np.full(len(values), shards.rank == 1)
        return kmeans_boundaries(values, 3, where, shards).tolist()

    assert on_shards(boundaries) == [[5, 10]] * SIZE


def test_both_ways_to_count_values_give_the_same_groups(monkeypatch):
    values = make_case('gamma', 20_000)
    gathered = np.digitize(values, kmeans_boundaries(values, 5))
    monkeypatch.setattr(kmeans, 'MAX_GATHERED', 0)
    binned = np.digitize(values, kmeans_boundaries(values, 5))
    assert np.mean(gathered != binned) < 0.001


def test_an_outlier_does_not_merge_the_other_groups():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(c, 0.01, 3000) for c in (1, 2, 3)] + [[100.0]])
    groups = np.digitize(values, kmeans_boundaries(values.astype(np.float32), 4))
    for part in range(3):
        fraction = np.bincount(groups[part * 3000 : (part + 1) * 3000]) / 3000
        assert fraction.max() > 0.99  # all but the values in the bins at a boundary
    assert np.unique(groups).size == 4


def test_fewer_distinct_values_than_groups_give_fewer_groups():
    assert kmeans_boundaries(np.array([2.0, 1.0, 2.0], dtype=np.float32), 5).tolist() == [2]
    assert kmeans_boundaries(np.ones(3, dtype=np.float32), 5).tolist() == []


def test_result_does_not_depend_on_order_and_offset_of_the_values():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, 300).astype(np.float32)
    boundaries = kmeans_boundaries(values, 4)
    assert np.array_equal(boundaries, kmeans_boundaries(rng.permutation(values), 4))
    shifted = values + np.float32(1024)
    groups = [np.digitize(v, kmeans_boundaries(v, 4)) for v in (values, shifted)]
    assert np.mean(groups[0] != groups[1]) < 0.02  # the offset costs float32 precision


def test_no_selected_values_give_one_group():
    values = np.array([1.0, 2.0], dtype=np.float32)
    assert kmeans_boundaries(values, 5, np.zeros(2, dtype=bool)).tolist() == []
