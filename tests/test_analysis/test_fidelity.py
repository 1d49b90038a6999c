import numpy as np
import pytest
from scipy.stats import spearmanr

from bls_mm.analysis.fidelity import least_squares_scores, overlap, rank_correlation

RNG = np.random.default_rng(0)


def test_rank_correlation_knows_order_only():
    truth = RNG.gamma(2, size=50)
    assert rank_correlation(np.exp(truth), truth) == pytest.approx(1)
    assert rank_correlation(-truth, truth) == pytest.approx(-1)
    assert abs(rank_correlation(RNG.permutation(1000), np.arange(1000))) < 0.1
    unknown = np.where(np.arange(50) < 10, np.nan, truth)
    scores = np.where(np.arange(50) < 10, -100, truth)
    assert rank_correlation(scores, unknown) == pytest.approx(1)


def test_rank_correlation_is_spearmans():
    first, second = RNG.integers(0, 9, 200), RNG.random(200)
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first, second)[0])
    assert np.isnan(rank_correlation(np.ones(5), np.arange(5)))


def test_overlap_counts_common_ends():
    truth = np.arange(10.0)
    scores = truth.copy()
    scores[[0, 9]] = scores[[9, 0]]
    assert overlap(scores, truth, 0.3) == pytest.approx(2 / 3)
    assert overlap(scores, truth, -0.3) == pytest.approx(2 / 3)
    assert overlap(truth, np.where(truth < 4, np.nan, truth), 0.5) == 1
    assert overlap(RNG.permutation(10000), np.arange(10000), 0.3) == pytest.approx(0.3, abs=0.03)


def test_least_squares_solves_what_batches_determine():
    truth = RNG.gamma(2, 0.5, 40)
    batches = np.concatenate([RNG.permutation(40).reshape(-1, 4) for _ in range(20)])
    sizes = np.full(len(batches), 4)
    losses = truth[batches].mean(1)
    scores = least_squares_scores(sizes, batches.ravel(), losses, 40, noise=1e-8)
    np.testing.assert_allclose(scores, truth - 1, atol=1e-4)


def test_least_squares_equals_the_normal_equations_with_weights():
    batches = np.array([[0, 1], [1, 2], [0, 2]])
    sizes, losses, weights = np.full(3, 2), np.array([1.5, 0.5, 2.0]), np.array([1, 0.5, 0.25])
    matrix = np.zeros((3, 3))
    matrix[np.arange(3)[:, None], batches] = 0.5
    penalty = np.diag(weights * sizes)
    expected = np.linalg.solve(
        matrix.T @ penalty @ matrix + 0.5 * np.eye(3), matrix.T @ penalty @ (losses - 1)
    )
    scores = least_squares_scores(sizes, batches.ravel(), losses, 3, 0.5, weights)
    np.testing.assert_allclose(scores, expected, atol=1e-6)
