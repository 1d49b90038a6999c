from itertools import combinations

import numpy as np
import pytest

from bls_mm.pruners.kmeans import SKETCH_SIZE, kmeans_cuts


def spread(values, cuts):
    groups = np.digitize(values, cuts)
    return sum(
        ((values[groups == g] - values[groups == g].mean()) ** 2).sum() for g in np.unique(groups)
    )


def test_finds_obvious_groups():
    values = np.array([10.0, 1.0, 1.2, 5.0, 0.9, 5.1, 10.3], dtype=np.float32)
    assert kmeans_cuts(values, 3).tolist() == [5, 10]


@pytest.mark.parametrize('scale', [1e-30, 1e22, 1e37])
def test_the_size_of_the_values_does_not_matter(scale):
    values = np.array([10, 1, 1.2, 5, 0.9, 5.1, 10.3])
    cuts = kmeans_cuts((scale * values).astype(np.float32), 3)
    np.testing.assert_allclose(cuts, [5 * scale, 10 * scale], rtol=1e-6)


@pytest.mark.parametrize('num_groups', [1, 2, 3, 4])
def test_equals_the_best_of_all_partitions(num_groups):
    rng = np.random.default_rng(num_groups)
    for _ in range(20):
        values = rng.integers(0, 40, 14).astype(np.float32)
        distinct = np.unique(values)
        best = min(spread(values, cuts) for cuts in combinations(distinct[1:], num_groups - 1))
        assert spread(values, kmeans_cuts(values, num_groups)) == pytest.approx(best, abs=1e-3)


def test_large_input_is_as_good_as_lloyds_algorithm_from_many_starts():
    rng = np.random.default_rng(0)
    values = rng.gamma(1.5, 1.0, 20_000).astype(np.float32)
    assert len(np.unique(values)) > SKETCH_SIZE
    ours = spread(values, kmeans_cuts(values, 5))
    assert ours <= 1.001 * min(lloyd(values, 5, rng) for _ in range(5))


def lloyd(values, num_groups, rng):
    centres = np.sort(rng.choice(values, num_groups))
    for _ in range(200):
        cuts = (centres[1:] + centres[:-1]) / 2
        groups = np.digitize(values, cuts)
        centres = np.array([values[groups == g].mean() for g in range(num_groups)])
    return spread(values, (centres[1:] + centres[:-1]) / 2)


def test_one_far_outlier_does_not_hide_the_groups_of_the_rest():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(c, 0.01, 3000) for c in (1, 2, 3)] + [[100.0]])
    groups = np.digitize(values, kmeans_cuts(values.astype(np.float32), 4))
    for part in range(3):
        share = np.bincount(groups[part * 3000 : (part + 1) * 3000]) / 3000
        assert share.max() > 0.99  # but for the bins on the edge
    assert np.unique(groups).size == 4


def test_fewer_values_than_groups_give_fewer_groups():
    assert kmeans_cuts(np.array([2.0, 1.0, 2.0], dtype=np.float32), 5).tolist() == [2]
    assert kmeans_cuts(np.ones(3, dtype=np.float32), 5).tolist() == []


def test_order_and_offset_of_the_values_do_not_matter():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, 300).astype(np.float32)
    cuts = kmeans_cuts(values, 4)
    assert np.array_equal(cuts, kmeans_cuts(rng.permutation(values), 4))
    shifted = values + np.float32(1024)
    groups = [np.digitize(v, kmeans_cuts(v, 4)) for v in (values, shifted)]
    assert np.mean(groups[0] != groups[1]) < 0.02  # 1024 costs precision of float32


def test_no_values_are_one_group():
    values = np.array([1.0, 2.0], dtype=np.float32)
    assert kmeans_cuts(values, 5, np.zeros(2, dtype=bool)).tolist() == []
