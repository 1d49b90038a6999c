"""SeTa: train on a window of score groups that moves from easy to hard."""

import math

import numpy as np

from bls_mm.checks import check_choice, check_fraction, check_positive_int
from bls_mm.ops.kmeans import kmeans_boundaries
from bls_mm.ops.subsets import TOLERANCE, random_fraction
from bls_mm.registry import PRUNERS

from .pruner import Pruner

ROUNDINGS = {'ceil': lambda width: math.ceil(width - TOLERANCE), 'round': round}


@PRUNERS.register_module()
class SeTa(Pruner):
    r"""Keeps the samples in a window of :math:`w` out of :math:`k` groups of similar score.

    Selection :math:`t`, from 0, draws a uniform fraction :math:`1 - r` of the samples, divides them
    into :math:`k` groups by k-means on their scores, and keeps :math:`w = \lceil a k \rceil` groups
    in ascending order of score, from group :math:`t \bmod (k - w + 1)`. So the window moves from
    easy to hard and starts again. All weights are 1.

    Annealing epochs, the last eighth by default, keep a uniform fraction :math:`1 - r` of all
    samples.

    Source: SeTa, CVPR 2025, arXiv 2503.13385, section 3.

    Args:
        prune_ratio (float): The :math:`r` above, in ``[0, 1)``. The run saves more than this
            fraction, because the window leaves out groups. Defaults to 0.1.
        num_groups (int): The :math:`k` above. Defaults to 5.
        window_scale (float): The :math:`a` above, in ``(0, 1]``. Defaults to 0.8, 4 of 5 groups,
            which is the window of the authors' CIFAR script.
        window_rounding (str): How :math:`a k` is rounded: ``'ceil'`` as in the paper, or
            ``'round'`` (half to even) as in the authors' code. Defaults to ``'ceil'``.
    """

    shardable = True
    anneals_on_all = False

    def __init__(
        self,
        prune_ratio: float = 0.1,
        num_groups: int = 5,
        window_scale: float = 0.8,
        window_rounding: str = 'ceil',
    ) -> None:
        check_fraction('prune_ratio', prune_ratio, below=1)
        check_positive_int('num_groups', num_groups)
        check_fraction('window_scale', window_scale, above=0)
        check_choice('window_rounding', window_rounding, list(ROUNDINGS))
        self.prune_ratio = prune_ratio
        self.num_groups = num_groups
        self.window_scale = window_scale
        self.round_window = ROUNDINGS[window_rounding]

    def prune(self, scores, scored, rng, progress):
        shards = progress.shards
        keep = random_fraction(scored, self.prune_ratio, rng, shards)
        boundaries = kmeans_boundaries(scores, self.num_groups, keep, shards)
        edges = [-np.inf, *boundaries, np.inf]
        groups = len(edges) - 1  # fewer than num_groups if scores have fewer distinct values
        window = max(1, self.round_window(groups * self.window_scale))
        first = progress.epoch // progress.interval % (groups - window + 1)
        keep &= scores >= edges[first]
        keep &= scores < edges[first + window]
        return keep, None

    def anneal(self, num_samples, rng, progress):
        every = np.ones(num_samples, dtype=bool)
        return random_fraction(every, self.prune_ratio, rng, progress.shards)
