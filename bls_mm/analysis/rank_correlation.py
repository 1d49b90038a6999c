"""Ranks of scores and Spearman's rank correlation. Pure array functions."""

import numpy as np


def ranks_of(scores: np.ndarray) -> np.ndarray:
    """Returns the rank of each score among all, scaled to [0, 1]. Equal scores share their mean.

    Args:
        scores (np.ndarray): ``(n,)``. NaN stays NaN.

    Returns:
        np.ndarray: ``(n,)`` float32.
    """
    ranks = np.full(len(scores), np.nan, dtype=np.float32)
    scored = np.flatnonzero(~np.isnan(scores))
    _, group, counts = np.unique(scores[scored], return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    ranks[scored] = (middle / max(len(scored) - 1, 1))[group]
    return ranks


def rank_correlation(scores: np.ndarray, truth: np.ndarray) -> float:
    """Returns Spearman's rank correlation. Equal values share the mean of their ranks.

    Args:
        scores (np.ndarray): ``(N,)``.
        truth (np.ndarray): ``(N,)``. Samples with a non-finite value in either array are ignored.

    Returns:
        float: In [-1, 1], or NaN if either array is constant.
    """
    both = np.isfinite(scores) & np.isfinite(truth)
    ranks = [ranks_of(values[both]) for values in (scores, truth)]
    if any(len(np.unique(rank)) < 2 for rank in ranks):
        return float('nan')
    return float(np.corrcoef(*ranks)[0, 1])
