import numpy as np
import pytest

from bls_mm.analysis.rank_correlation import rank_correlation, ranks_of

RNG = np.random.default_rng(0)


def test_equal_scores_share_rank_and_nan_stays_nan():
    ranks = ranks_of(np.array([3, 1, np.nan, 3, 2], dtype=np.float16))
    np.testing.assert_allclose(ranks, [2.5 / 3, 0, np.nan, 2.5 / 3, 1 / 3], rtol=1e-6)


def test_rank_correlation_depends_only_on_order():
    truth = RNG.gamma(2, size=50)
    assert rank_correlation(np.exp(truth), truth) == pytest.approx(1)
    assert rank_correlation(-truth, truth) == pytest.approx(-1)
    assert abs(rank_correlation(RNG.permutation(1000), np.arange(1000))) < 0.1
    unknown = np.where(np.arange(50) < 10, np.nan, truth)
    scores = np.where(np.arange(50) < 10, -100, truth)
    assert rank_correlation(scores, unknown) == pytest.approx(1)


def test_rank_correlation_equals_scipys_spearman():
    spearmanr = pytest.importorskip('scipy.stats').spearmanr
    first, second = RNG.integers(0, 9, 200), RNG.random(200)
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first, second)[0])
    assert np.isnan(rank_correlation(np.ones(5), np.arange(5)))
