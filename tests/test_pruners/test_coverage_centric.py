import numpy as np
import pytest

from bls_mm.pruners import CoverageCentric
from bls_mm.pruners.coverage_centric import share_evenly


def select(pruner, scores, seed=0):
    scores, visits = np.asarray(scores, dtype=np.float32), np.ones(len(scores), dtype=np.int16)
    return pruner.select(scores, visits, 1, 100, np.random.default_rng(seed)).indices.tolist()


def test_by_hand():
    # The hardest two go; of the others 12 lie in [0, 1), 4 in [1, 2), 2 in [2, 3]; 10 stay.
    scores = [*np.linspace(0, 0.9, 12), 1.1, 1.2, 1.3, 1.4, 2.5, 3, 7, 8]
    pruner = CoverageCentric(prune_ratio=0.5, hard_cutoff=0.1, num_strata=3)
    draws = [select(pruner, scores, seed) for seed in range(300)]
    assert all(len(kept) == 10 and kept[4:] == [12, 13, 14, 15, 16, 17] for kept in draws)
    easy = np.bincount([i for kept in draws for i in kept[:4]], minlength=12)
    assert np.abs(easy - 100).max() < 35  # each of the easy ones about as often


def test_wrong_labels_are_left_out_and_the_hard_ones_below_them_stay():
    scores = np.r_[np.random.default_rng(0).exponential(1, 900), np.full(100, 20)]
    kept = select(CoverageCentric(prune_ratio=0.3, hard_cutoff=0.1), scores)
    assert len(kept) == 700
    assert max(kept) < 900
    often = np.isin(np.argsort(scores[:900]), kept).reshape(9, 100).mean(axis=1)
    assert often[-1] == 1
    assert often[0] < 0.8


def test_no_more_is_cut_off_than_pruned():
    assert select(CoverageCentric(prune_ratio=0.25, hard_cutoff=0.9), range(8)) == [*range(6)]


@pytest.mark.parametrize('scale', [1e-44, 1e-38, 1.0, 3e37])
def test_scores_of_any_size_fall_into_strata(scale):
    scores = scale * np.r_[np.zeros(8), np.arange(1, 9)]  # from the edge of float32 to the other
    assert set(range(8, 16)) <= set(select(CoverageCentric(0.25, hard_cutoff=0), scores))


def test_scores_that_tell_nothing_are_drawn_from_uniformly():
    kept = [select(CoverageCentric(0.5), np.ones(20), seed) for seed in range(400)]
    assert np.abs(np.bincount(np.concatenate(kept), minlength=20) - 200).max() < 60


@pytest.mark.parametrize('total', [0, 1, 7, 20, 61, 62])
def test_shares_are_as_even_as_sizes_allow(total):
    sizes = np.array([3, 0, 40, 9, 9, 1])
    shares = share_evenly(total, sizes)
    assert shares.sum() == total
    assert (shares <= sizes).all()
    open_ended = shares[shares < sizes]
    if len(open_ended):
        assert open_ended.max() - open_ended.min() <= 1
        assert shares.max() <= open_ended.min() + 1  # none has more than one that wants more
