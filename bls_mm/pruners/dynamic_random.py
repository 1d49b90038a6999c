"""Train on a new random subset in each epoch."""

from bls_mm.checks import check_fraction
from bls_mm.ops.subsets import random_fraction
from bls_mm.registry import PRUNERS

from .pruner import Pruner


@PRUNERS.register_module()
class DynamicRandom(Pruner):
    r"""Draws a new uniform subset of :math:`\lfloor (1 - r) N \rfloor` samples in each epoch.

    The baseline for every score: a method that uses scores must be better than this one. It needs
    no scores, so it prunes from the first epoch. It does not anneal by default.

    Source: Repeated Sampling of Random Subsets, arXiv 2305.18424; "Random*" in table 2 of the Batch
    Loss Score paper, arXiv 2604.04681.

    Args:
        prune_ratio (float): Fraction :math:`r` of the samples that each epoch leaves out, in
            ``[0, 1)``. Defaults to 0.3.
    """

    delta = 1.0
    needs_scores = False
    shardable = True

    def __init__(self, prune_ratio: float = 0.3) -> None:
        check_fraction('prune_ratio', prune_ratio, below=1)
        self.prune_ratio = prune_ratio

    def prune(self, scores, scored, rng, progress):
        return random_fraction(scored, self.prune_ratio, rng, progress.shards), None
