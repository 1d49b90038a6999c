"""A fresh random subset for each epoch."""

from bls_mm.registry import PRUNERS

from .choose import thin
from .pruner import Pruner, check_share


@PRUNERS.register_module()
class DynamicRandom(Pruner):
    """Draws a fresh uniform subset for each epoch: the baseline that a score has to beat.

    It looks at no score, and therefore prunes from the first epoch on. Source: "Repeated Sampling
    of Random Subsets" (arXiv 2305.18424); "Random*" in table 2 of the Batch Loss Score's paper.

    Args:
        prune_ratio (float): Share of the samples that each epoch leaves out, in ``[0, 1)``.
            Defaults to 0.3.
        delta (float): Share of the epochs that prune. Defaults to 1.0, no annealing.
        interval (int): Draw anew every so many epochs. Defaults to 1.
    """

    needs_scores = False
    shardable = True

    def __init__(self, prune_ratio: float = 0.3, delta: float = 1.0, interval: int = 1) -> None:
        super().__init__(delta, interval)
        check_share('prune_ratio', prune_ratio, below=1)
        self.prune_ratio = prune_ratio

    def prune(self, scores, scored, epoch, rng):
        return thin(scored, self.prune_ratio, rng, self.shards), None
