import numpy as np
import pytest

from bls_mm.pruners import CoverageCentric, Progress
from bls_mm.pruners.coverage_centric import stratum_budgets


def prune(pruner, scores, seed=0):
    """Returns the indices of the kept samples."""
    scores, scored = np.asarray(scores, dtype=np.float32), np.ones(len(scores), dtype=bool)
    mask, weights = pruner.prune(scores, scored, np.random.default_rng(seed), Progress(1, 100))
    assert weights is None
    return np.flatnonzero(mask).tolist()


def test_hardest_samples_are_dropped_and_strata_contribute_equally():
    # The hardest two are dropped. 12 others are in [0, 1), 4 in [1, 2), 2 in [2, 3]; 10 are kept.
    scores = [*np.linspace(0, 0.9, 12), 1.1, 1.2, 1.3, 1.4, 2.5, 3, 7, 8]
    pruner = CoverageCentric(prune_ratio=0.5, hard_cutoff=0.1, num_strata=3)
    draws = [prune(pruner, scores, seed) for seed in range(300)]
    assert all(len(kept) == 10 and kept[4:] == [12, 13, 14, 15, 16, 17] for kept in draws)
    easy = np.bincount([i for kept in draws for i in kept[:4]], minlength=12)
    assert np.abs(easy - 100).max() < 35  # uniform among the easy samples


def test_wrong_labels_are_dropped_and_the_hardest_other_samples_are_kept():
    scores = np.r_[np.random.default_rng(0).exponential(1, 900), np.full(100, 20)]
    kept = prune(CoverageCentric(prune_ratio=0.3, hard_cutoff=0.1), scores)
    assert len(kept) == 700
    assert max(kept) < 900
    frequency = np.isin(np.argsort(scores[:900]), kept).reshape(9, 100).mean(axis=1)
    assert frequency[-1] == 1
    assert frequency[0] < 0.8


def test_hard_cutoff_is_limited_by_prune_ratio():
    assert prune(CoverageCentric(prune_ratio=0.25, hard_cutoff=0.9), range(8)) == [*range(6)]


@pytest.mark.parametrize('scale', [1e-44, 1e-38, 1.0, 3e37])
def test_strata_work_for_scores_of_any_magnitude(scale):
    scores = scale * np.r_[np.zeros(8), np.arange(1, 9)]  # covers the range of float32
    assert set(range(8, 16)) <= set(prune(CoverageCentric(0.25, hard_cutoff=0), scores))


def test_equal_scores_are_drawn_uniformly():
    kept = [prune(CoverageCentric(0.5), np.ones(20), seed) for seed in range(400)]
    assert np.abs(np.bincount(np.concatenate(kept), minlength=20) - 200).max() < 60


@pytest.mark.parametrize('total', [0, 1, 7, 20, 61, 62])
def test_stratum_budgets_are_as_even_as_sizes_allow(total):
    sizes = np.array([3, 0, 40, 9, 9, 1])
    budgets = stratum_budgets(total, sizes)
    assert budgets.sum() == total
    assert (budgets <= sizes).all()
    partial = budgets[budgets < sizes]
    if len(partial):
        assert partial.max() - partial.min() <= 1
        assert budgets.max() <= partial.min() + 1  # no stratum has more than one that could give


@pytest.mark.parametrize('num_strata', [0, 257, 2.5])
def test_invalid_num_strata_raises_a_clear_error(num_strata):
    with pytest.raises(ValueError, match='num_strata must be an integer from 1 to 256, but got'):
        CoverageCentric(num_strata=num_strata)
