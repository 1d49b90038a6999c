"""SeTa: a window that slides from easy to hard groups of samples."""

import math

import numpy as np

from bls_mm.registry import PRUNERS

from .choose import thin
from .kmeans import kmeans_cuts
from .pruner import ROUNDING, Pruner, check_share
from .selection import Selection

ROUNDINGS = {'ceil': lambda width: math.ceil(width - ROUNDING), 'round': round}


@PRUNERS.register_module()
class SeTa(Pruner):
    r"""Trains on a window of groups of like score, which slides from easy to hard.

    In epoch :math:`t`: draw a uniform share :math:`1 - r` of the samples, put them into :math:`k`
    groups by k-means on their scores, and keep the :math:`w` groups from the
    :math:`t \bmod (k - w + 1)`-th easiest on. The last ``1 - delta`` of the epochs anneal on a
    uniform share :math:`1 - r` of all samples. No loss is weighted. Source: SeTa (CVPR 2025, arXiv
    2503.13385), section 3.

    Args:
        prune_ratio (float): The :math:`r` of the paper, in ``[0, 1)``. Defaults to 0.1.
        num_groups (int): The :math:`k` of the paper. Defaults to 5.
        window_scale (float): Width of the window as a share of the groups, in ``(0, 1]``. Defaults
            to 0.8: with 5 groups 4 of them, what the authors' CIFAR script comes to.
        window_rounding (str): How :math:`w` is made whole: ``'ceil'`` as in the paper, or
            ``'round'`` as in its code. Defaults to ``'ceil'``.
        delta (float): Share of the epochs that prune. Defaults to 0.875.
    """

    shardable = True
    anneals_on_all = False

    def __init__(
        self,
        prune_ratio: float = 0.1,
        num_groups: int = 5,
        window_scale: float = 0.8,
        window_rounding: str = 'ceil',
        delta: float = 0.875,
    ) -> None:
        super().__init__(delta)
        check_share('prune_ratio', prune_ratio, below=1)
        check_share('window_scale', window_scale)
        if window_scale == 0:
            raise ValueError('window_scale must be above 0, but got 0: no group would stay')
        if not isinstance(num_groups, int) or num_groups < 1:
            raise ValueError(f'num_groups must be a positive integer, but got {num_groups!r}')
        if window_rounding not in ROUNDINGS:
            raise ValueError(f"window_rounding must be 'ceil' or 'round', got {window_rounding!r}")
        self.prune_ratio = prune_ratio
        self.num_groups = num_groups
        self.window_scale = window_scale
        self.round_window = ROUNDINGS[window_rounding]

    def prune(self, scores, scored, epoch, rng):
        keep = thin(scored, self.prune_ratio, rng, self.shards)
        edges = [-np.inf, *kmeans_cuts(scores, self.num_groups, keep, self.shards), np.inf]
        groups = len(edges) - 1  # fewer than asked for where scores take fewer values
        window = max(1, self.round_window(groups * self.window_scale))
        start = epoch % (groups - window + 1)
        keep &= scores >= edges[start]
        keep &= scores < edges[start + window]
        return keep, None

    def anneal(self, num_samples, rng):
        every = np.ones(num_samples, dtype=bool)
        return Selection.from_mask(thin(every, self.prune_ratio, rng, self.shards))
