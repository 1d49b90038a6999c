import numpy as np
import pytest

from bls_mm.pruners.choose import count_kept, random_mask, top_mask


@pytest.mark.parametrize(
    ('num_samples', 'prune_ratio', 'kept'),
    [(10, 0.3, 7), (10, 0.9, 1), (10, 0.25, 7), (1, 0.5, 0), (3, 0.0, 3), (1000, 0.1, 900)],
)
def test_count_kept_is_the_whole_part_despite_rounding(num_samples, prune_ratio, kept):
    assert count_kept(num_samples, prune_ratio) == kept


def test_random_mask_marks_exactly_so_many_and_every_place_as_often():
    rng = np.random.default_rng(0)
    hits = sum(random_mask(10, 3, rng) for _ in range(3000))
    assert hits.sum() == 9000
    assert np.abs(hits - 900).max() < 120  # 4.8 standard deviations


def test_top_mask_marks_the_largest():
    values = np.array([3.0, 1.0, 2.0, 5.0, 4.0])
    for count in range(6):
        mask = top_mask(values, count, np.random.default_rng(0))
        assert sorted(values[mask]) == sorted(values)[5 - count :]


def test_top_mask_breaks_ties_at_random():
    values = np.array([1.0, 1.0, 1.0, 1.0, 2.0])
    rng = np.random.default_rng(0)
    masks = [top_mask(values, 3, rng) for _ in range(400)]
    assert all(mask.sum() == 3 and mask[4] for mask in masks)
    assert np.abs(sum(masks)[:4] - 200).max() < 60
