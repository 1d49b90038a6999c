import numpy as np
import pytest

from bls_mm.pruners.choose import count_kept, split_count, thin_to, top_mask


@pytest.mark.parametrize(
    ('num_samples', 'prune_ratio', 'kept'),
    [(10, 0.3, 7), (10, 0.9, 1), (10, 0.25, 7), (1, 0.5, 0), (3, 0.0, 3), (1000, 0.1, 900)],
)
def test_count_kept_is_the_whole_part_despite_rounding(num_samples, prune_ratio, kept):
    assert count_kept(num_samples, prune_ratio) == kept


def test_thin_leaves_exactly_so_many_and_every_mark_as_often():
    rng = np.random.default_rng(0)
    marked = np.arange(20) % 2 == 0
    hits = sum(thin_to(marked.copy(), 3, rng) for _ in range(3000))
    assert hits.sum() == 9000
    assert not hits[~marked].any()
    assert np.abs(hits[marked] - 900).max() < 120  # 4.8 standard deviations


@pytest.mark.parametrize('count', [0, 1, 5, 999_999, 700_001, 1_000_000])
def test_thin_counts_exactly_over_many_blocks(count):
    mask = thin_to(np.ones(1_000_000, dtype=bool), count, np.random.default_rng(0))
    assert np.count_nonzero(mask) == count


def test_marks_split_over_blocks_as_by_draws_without_replacement():
    marks, count, draws = np.array([500, 0, 300, 200]), 400, 4000
    rng = np.random.default_rng(0)
    counts = np.array([split_count(marks, count, rng) for _ in range(draws)])
    assert (counts.sum(axis=1) == count).all()
    share = marks / 1000
    variance = count * share * (1 - share) * (1000 - count) / 999  # multivariate hypergeometric
    assert np.abs(counts.mean(axis=0) - count * share).max() < 5 * np.sqrt(60 / draws)
    np.testing.assert_allclose(counts.var(axis=0), variance, rtol=0.12)


def top(values, count, rng):
    return top_mask(values.astype(np.float32), np.ones(len(values), dtype=bool), count, rng)


def test_top_mask_marks_the_largest():
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


def test_top_mask_looks_only_where_it_is_told():
    values = np.array([1, 9, 2, 9, 3], dtype=np.float32)
    mask = top_mask(values, values < 9, 2, np.random.default_rng(0))
    assert values[mask].tolist() == [2, 3]
