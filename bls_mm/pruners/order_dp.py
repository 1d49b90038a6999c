"""OrderDP: the hardest of a random pool."""

from bls_mm.registry import PRUNERS

from .choose import count_kept, thin, top_mask
from .pruner import Pruner, check_share


@PRUNERS.register_module()
class OrderDP(Pruner):
    r"""Keeps the samples of highest score of a pool that is drawn anew for each epoch.

    A pool of :math:`\lfloor a n \rfloor` samples is drawn uniformly, and of it the
    :math:`\lfloor b \lfloor a n \rfloor \rfloor` of highest score stay, unweighted. A sample that
    is too easy for one pool is in the next one, perhaps, among easier ones. Source: OrderDP (ICLR
    2026), with the defaults of its code (the paper's: 0.5 and 0.6). It does not anneal.

    Args:
        pool (float): The :math:`a` above, in ``(0, 1]``. Defaults to 0.75.
        prune_ratio (float): The :math:`1 - b` above, in ``[0, 1)``. Defaults to 0.15.
        delta (float): Share of the epochs that prune. Defaults to 1.0, no annealing.
        interval (int): Select anew every so many epochs. Defaults to 1.
    """

    shardable = True

    def __init__(
        self,
        pool: float = 0.75,
        prune_ratio: float = 0.15,
        delta: float = 1.0,
        interval: int = 1,
    ) -> None:
        super().__init__(delta, interval)
        check_share('pool', pool)
        if pool == 0:
            raise ValueError('pool must be above 0, but got 0: no sample would stay')
        check_share('prune_ratio', prune_ratio, below=1)
        self.pool = pool
        self.prune_ratio = prune_ratio

    def prune(self, scores, scored, epoch, rng):
        pool = thin(scored, 1 - self.pool, rng, self.shards)
        kept = count_kept(self.shards.count(pool), self.prune_ratio)
        return top_mask(scores, pool, kept, rng, self.shards), None
