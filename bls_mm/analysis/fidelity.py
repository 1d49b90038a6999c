"""How well scores tell samples apart, and how well they could.

Pure functions; least squares need SciPy.
"""

from typing import Optional, Sequence

import numpy as np

from .samples import ranks_of


def rank_correlation(scores: np.ndarray, truth: np.ndarray) -> float:
    """Spearman's rank correlation, equal values sharing the mean of their ranks.

    Args:
        scores (np.ndarray): ``(N,)``.
        truth (np.ndarray): ``(N,)``; samples of which either is not finite are left out.

    Returns:
        float: In ``[-1, 1]``; nan where either is constant.
    """
    both = np.isfinite(scores) & np.isfinite(truth)
    ranks = [ranks_of(values[both]) for values in (scores, truth)]
    if any(len(np.unique(rank)) < 2 for rank in ranks):
        return float('nan')
    return float(np.corrcoef(*ranks)[0, 1])


def overlap(scores: np.ndarray, truth: np.ndarray, share: float) -> float:
    """How much of an end of one order is at the same end of the other.

    Args:
        scores (np.ndarray): ``(N,)``.
        truth (np.ndarray): ``(N,)``; samples of which it is nan are left out.
        share (float): Size of the end: 0.3 looks at the highest 30 %, -0.3 at the lowest.

    Returns:
        float: In [0, 1]; about ``abs(share)`` for scores at random.
    """
    known = np.isfinite(truth)
    count = round(abs(share) * np.count_nonzero(known))
    sign = -1 if share > 0 else 1
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
    r"""Relative losses that explain a whole history of batch losses best: a limit for scores.

    Minimises :math:`\sum_t w_t |B_t| (L_t - 1 - \frac{1}{|B_t|} \sum_{j \in B_t} s_j)^2 + \rho
    \sum_i s_i^2` by LSQR: with all weights 1, the mean of the posterior if samples and noise are
    Gaussian. An online scorer knows no more than that.

    Args:
        sizes (np.ndarray): ``(M,)``, the number of samples of each batch.
        indices (np.ndarray): ``(sum of sizes,)``, batch after batch.
        losses (np.ndarray): ``(M,)``, batch losses over the mean loss of their time.
        num_samples (int): Number of samples N of the data set.
        noise (float): The :math:`\rho` above: variance of a sample's loss from visit to visit, over
            the variance between samples.
        weights (sequence[float], optional): ``(M,)``, how much a batch counts; smaller ones forget.

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
