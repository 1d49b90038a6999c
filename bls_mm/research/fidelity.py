"""Measures how well scores rank samples by their true losses, and the limit for any scorer.

Pure functions. Least squares needs SciPy.
"""

from typing import Optional, Sequence

import numpy as np


def overlap(scores: np.ndarray, truth: np.ndarray, fraction: float) -> float:
    """Returns the overlap of the samples with the highest, or lowest, scores and true losses.

    Args:
        scores (np.ndarray): ``(N,)``.
        truth (np.ndarray): ``(N,)``. Samples with NaN are ignored.
        fraction (float): Fraction of the samples to compare: 0.3 compares the highest 30 %, -0.3
            the lowest 30 %.

    Returns:
        float: In [0, 1]. About ``abs(fraction)`` for random scores.
    """
    known = np.isfinite(truth)
    count = round(abs(fraction) * np.count_nonzero(known))
    sign = -1 if fraction > 0 else 1
    ends = [np.argsort(sign * values[known], kind='stable')[:count] for values in (scores, truth)]
    return len(np.intersect1d(*ends)) / count


def least_squares_scores(
    sizes: np.ndarray,
    indices: np.ndarray,
    losses: np.ndarray,
    num_samples: int,
    noise: float = 0.5,
    weights: Optional[Sequence[float]] = None,
) -> np.ndarray:
    r"""Returns the relative losses that explain all batch losses of a run best.

    They are an upper limit for online scorers, which see the batch losses one by one. Minimises
    :math:`\sum_t w_t |B_t| (L_t - 1 - \frac{1}{|B_t|} \sum_{j \in B_t} s_j)^2 + \rho \sum_i s_i^2`
    with LSQR. If all weights are 1 and both samples and noise are Gaussian, the minimum is the mean
    of the posterior.

    Args:
        sizes (np.ndarray): ``(M,)``, number of samples of each batch.
        indices (np.ndarray): ``(sum of sizes,)``, the samples, batch after batch.
        losses (np.ndarray): ``(M,)``, batch losses divided by the mean loss at that time.
        num_samples (int): Number of samples N of the training set.
        noise (float): The :math:`\rho` above: variance of a sample's loss between visits, divided
            by the variance between samples. Defaults to 0.5.
        weights (sequence[float], optional): ``(M,)``, weight of each batch. Smaller weights forget.
            Defaults to None, all 1.

    Returns:
        np.ndarray: ``(N,)``, the s above.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import lsqr

    scale = np.sqrt(sizes * (np.ones(len(sizes)) if weights is None else np.asarray(weights)))
    entries = np.repeat(scale / sizes, sizes)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    matrix = csr_matrix((entries, indices, ends), shape=(len(sizes), num_samples))
    return lsqr(matrix, scale * (losses - 1), damp=np.sqrt(noise), iter_lim=200)[0]
