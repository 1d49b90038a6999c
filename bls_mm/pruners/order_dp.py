"""OrderDP: keep the hardest samples of a random pool."""

from bls_mm.checks import check_fraction
from bls_mm.ops.subsets import kept_count, random_fraction, top_mask
from bls_mm.registry import PRUNERS

from .pruner import Pruner


@PRUNERS.register_module()
class OrderDP(Pruner):
    r"""Keeps the samples with the highest scores in a pool that each epoch draws anew.

    The pool is a uniform subset of :math:`m = \lfloor a n \rfloor` of :math:`n` samples. The
    :math:`\lfloor b m \rfloor` with the highest scores are kept; all weights are 1. An easy sample
    is kept if its pool happens to contain easier ones. It does not anneal by default.

    Source: OrderDP, ICLR 2026. The defaults are those of the authors' code; the paper uses
    :math:`a = 0.5` and :math:`b = 0.6`.

    Args:
        pool (float): The :math:`a` above, in ``(0, 1]``. Defaults to 0.75.
        prune_ratio (float): The :math:`1 - b` above, in ``[0, 1)``. Defaults to 0.15.
    """

    delta = 1.0
    shardable = True

    def __init__(self, pool: float = 0.75, prune_ratio: float = 0.15) -> None:
        check_fraction('pool', pool, above=0)
        check_fraction('prune_ratio', prune_ratio, below=1)
        self.pool = pool
        self.prune_ratio = prune_ratio

    def prune(self, scores, scored, rng, progress):
        shards = progress.shards
        pool = random_fraction(scored, 1 - self.pool, rng, shards)
        kept = kept_count(shards.count(pool), self.prune_ratio)
        return top_mask(scores, pool, kept, rng, shards), None
