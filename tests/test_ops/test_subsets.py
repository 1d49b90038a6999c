import numpy as np
import pytest

from bls_mm.ops.subsets import (
    kept_count,
    random_fraction,
    random_subset,
    split_count,
    top_mask,
)


@pytest.mark.parametrize(
    ('num_samples', 'prune_ratio', 'kept'),
    [
        (10, 0.3, 7),
        (10, 0.9, 1),
        (10, 0.25, 7),
        (1, 0.5, 0),
        (3, 0.0, 3),
        (1000, 0.1, 900),
        (10**10, 0.0, 10**10),
    ],
)
def test_kept_count_rounds_down_despite_float_errors(num_samples, prune_ratio, kept):
    assert kept_count(num_samples, prune_ratio) == kept


def test_random_subset_has_the_requested_size_and_is_uniform():
    rng = np.random.default_rng(0)
    marked = np.arange(20) % 2 == 0
    hits = sum(random_subset(marked.copy(), 3, rng) for _ in range(3000))
    assert hits.sum() == 9000
    assert not hits[~marked].any()
    assert np.abs(hits[marked] - 900).max() < 120  # 4.8 standard deviations


@pytest.mark.parametrize('count', [0, 1, 5, 999_999, 700_001, 1_000_000])
def test_random_subset_has_the_requested_size_over_many_blocks(count):
    mask = random_subset(np.ones(1_000_000, dtype=bool), count, np.random.default_rng(0))
    assert np.count_nonzero(mask) == count


def test_random_fraction_keeps_kept_count_of_the_true_elements_in_place():
    mask = np.arange(1000) < 300
    result = random_fraction(mask, 0.1, np.random.default_rng(0))
    assert result is mask
    assert np.count_nonzero(mask) == kept_count(300, 0.1) == 270
    assert not mask[300:].any()


def test_split_count_is_multivariate_hypergeometric():
    sizes, count, draws = np.array([500, 0, 300, 200]), 400, 4000
    rng = np.random.default_rng(0)
    counts = np.array([split_count(sizes, count, rng) for _ in range(draws)])
    assert (counts.sum(axis=1) == count).all()
    fraction = sizes / 1000
    variance = count * fraction * (1 - fraction) * (1000 - count) / 999
    assert np.abs(counts.mean(axis=0) - count * fraction).max() < 5 * np.sqrt(60 / draws)
    np.testing.assert_allclose(counts.var(axis=0), variance, rtol=0.12)


def top(values, count, rng):
    return top_mask(values.astype(np.float32), np.ones(len(values), dtype=bool), count, rng)


def test_top_mask_selects_the_largest_values():
    values = np.array([3.0, -1.0, 2.0, 5.0, 4.0])
    for count in range(6):
        mask = top(values, count, np.random.default_rng(0))
        assert sorted(values[mask]) == sorted(values)[5 - count :]


def test_top_mask_breaks_ties_at_random():
    values = np.array([1.0, 1.0, 1.0, 1.0, 2.0])
    rng = np.random.default_rng(0)
    masks = [top(values, 3, rng) for _ in range(400)]
    assert all(mask.sum() == 3 and mask[4] for mask in masks)
    assert np.abs(sum(masks)[:4] - 200).max() < 60


def test_top_mask_ignores_values_outside_where():
    values = np.array([1, 9, 2, 9, 3], dtype=np.float32)
    mask = top_mask(values, values < 9, 2, np.random.default_rng(0))
    assert values[mask].tolist() == [2, 3]
