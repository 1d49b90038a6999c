"""Selective-Backprop: keep a sample with a probability that increases with its score."""

import numpy as np

from bls_mm.checks import check_fraction
from bls_mm.ops.histogram import percentile_ranks
from bls_mm.ops.long_arrays import blocks_of
from bls_mm.ops.subsets import kept_count, random_subset
from bls_mm.registry import PRUNERS

from .pruner import Pruner


@PRUNERS.register_module()
class SelectiveBackprop(Pruner):
    r"""Keeps samples at random, with a probability that increases with the rank of the score.

    A sample with percentile rank :math:`u`, the fraction of samples with a lower score, is kept
    with probability :math:`u^{r / (1 - r)}`. The mean of this is :math:`1 - r`. Exactly
    :math:`\lfloor (1 - r) n \rfloor` of :math:`n` samples are kept: the difference is drawn
    uniformly. All weights are 1. With equal scores this is :class:`DynamicRandom`. It does not
    anneal by default.

    Source: Jiang et al., arXiv 1910.00762, for any power of :math:`u`. This power is that of
    Composer. Both select within each batch, after a forward pass.

    Args:
        prune_ratio (float): The :math:`r` above, in ``[0, 1)``. Defaults to 0.3.
    """

    delta = 1.0
    shardable = True

    def __init__(self, prune_ratio: float = 0.3) -> None:
        check_fraction('prune_ratio', prune_ratio, below=1)
        self.prune_ratio = prune_ratio

    def prune(self, scores, scored, rng, progress):
        shards = progress.shards
        kept = kept_count(shards.count(scored), self.prune_ratio)
        power = np.float32(self.prune_ratio / (1 - self.prune_ratio))
        own_rng = shards.generator(rng)
        keep = np.zeros(len(scores), dtype=bool)
        ranks = percentile_ranks(scores, scored, shards)
        for block, rank in zip(blocks_of(len(scores)), ranks):
            keep[block][scored[block]] = own_rng.random(len(rank), np.float32) < rank**power
        missing = kept - shards.count(keep)
        if missing < 0:
            return random_subset(keep, kept, rng, shards), None
        rest = np.greater(scored, keep, out=scored)  # scored and not kept
        keep |= random_subset(rest, missing, rng, shards)
        return keep, None
