"""Epsilon-greedy: keep the hardest samples, and some at random."""

import math

import numpy as np

from bls_mm.checks import check_fraction
from bls_mm.ops.subsets import TOLERANCE, kept_count, random_subset, top_mask
from bls_mm.registry import PRUNERS

from .pruner import Pruner


@PRUNERS.register_module()
class EpsilonGreedy(Pruner):
    r"""Keeps the samples with the highest scores, and some uniformly from the rest.

    :math:`K = \lfloor (1 - r) n \rfloor` of :math:`n` samples are kept:
    :math:`K - \lfloor \epsilon K \rfloor` with the highest scores, and a uniform subset of
    :math:`\lfloor \epsilon K \rfloor` of the others. It does not anneal by default.

    Source: Raju et al., arXiv 2111.12621, section 3.

    Args:
        prune_ratio (float): The :math:`r` above, in ``[0, 1)``. Defaults to 0.3.
        epsilon (float): Fraction :math:`\epsilon` of the kept samples that is drawn at random, in
            ``[0, 1]``. Defaults to 0.1.
    """

    delta = 1.0
    shardable = True

    def __init__(self, prune_ratio: float = 0.3, epsilon: float = 0.1) -> None:
        check_fraction('prune_ratio', prune_ratio, below=1)
        check_fraction('epsilon', epsilon)
        self.prune_ratio = prune_ratio
        self.epsilon = epsilon

    def prune(self, scores, scored, rng, progress):
        shards = progress.shards
        kept = kept_count(shards.count(scored), self.prune_ratio)
        explored = math.floor(self.epsilon * kept + TOLERANCE)
        keep = top_mask(scores, scored, kept - explored, rng, shards)
        rest = np.greater(scored, keep, out=scored)  # scored and not kept
        keep |= random_subset(rest, explored, rng, shards)
        return keep, None
