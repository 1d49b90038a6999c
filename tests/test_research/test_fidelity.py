import numpy as np
import pytest

pytest.importorskip('scipy')

from bls_mm.research.fidelity import least_squares_scores, overlap

RNG = np.random.default_rng(0)


def test_overlap_counts_common_extremes():
    truth = np.arange(10.0)
    scores = truth.copy()
    scores[[0, 9]] = scores[[9, 0]]
    assert overlap(scores, truth, 0.3) == pytest.approx(2 / 3)
    assert overlap(scores, truth, -0.3) == pytest.approx(2 / 3)
    assert overlap(truth, np.where(truth < 4, np.nan, truth), 0.5) == 1
    assert overlap(RNG.permutation(10000), np.arange(10000), 0.3) == pytest.approx(0.3, abs=0.03)


def test_least_squares_recovers_losses_from_many_batches():
    truth = RNG.gamma(2, 0.5, 40)
    batches = np.concatenate([RNG.permutation(40).reshape(-1, 4) for _ in range(20)])
    sizes = np.full(len(batches), 4)
    losses = truth[batches].mean(1)
    scores = least_squares_scores(sizes, batches.ravel(), losses, 40, noise=1e-8)
    np.testing.assert_allclose(scores, truth - 1, atol=1e-4)


def test_least_squares_equals_weighted_normal_equations():
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
