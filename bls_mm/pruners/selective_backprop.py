"""Selective-Backprop: the harder a sample, the likelier it stays."""

import numpy as np

from bls_mm.registry import PRUNERS

from .blocks import blocks_of
from .choose import count_kept, thin_to
from .histogram import shares_below
from .pruner import Pruner, check_share


@PRUNERS.register_module()
class SelectiveBackprop(Pruner):
    r"""Keeps samples by chance, with a probability that rises with the rank of their score.

    A sample whose score is above a share :math:`u` of all stays with probability
    :math:`u^{r / (1 - r)}`, whose mean is :math:`1 - r`; of :math:`n` samples exactly
    :math:`\lfloor (1 - r) n \rfloor` stay, unweighted. No sample is out for good, and where scores
    tell nothing this is :class:`DynamicRandom`. Source: Jiang et al., arXiv 1910.00762, which takes
    any power; that one is Composer's. They choose within each batch, after a forward pass.

    Args:
        prune_ratio (float): The :math:`r` above, in ``[0, 1)``. Defaults to 0.3.
        delta (float): Share of the epochs that prune. Defaults to 1.0, no annealing.
        interval (int): Select anew every so many epochs. Defaults to 1.
    """

    shardable = True

    def __init__(self, prune_ratio: float = 0.3, delta: float = 1.0, interval: int = 1) -> None:
        super().__init__(delta, interval)
        check_share('prune_ratio', prune_ratio, below=1)
        self.prune_ratio = prune_ratio

    def prune(self, scores, scored, epoch, rng):
        kept = count_kept(self.shards.count(scored), self.prune_ratio)
        power = np.float32(self.prune_ratio / (1 - self.prune_ratio))
        own_rng = self.shards.generator(rng)
        keep = np.zeros(len(scores), dtype=bool)
        shares = shares_below(scores, scored, self.shards)
        for block, share in zip(blocks_of(len(scores)), shares):
            keep[block][scored[block]] = own_rng.random(len(share), np.float32) < share**power
        missing = kept - self.shards.count(keep)  # few: what chance is off
        if missing < 0:
            return thin_to(keep, kept, rng, self.shards), None
        rest = np.greater(scored, keep, out=scored)
        keep |= thin_to(rest, missing, rng, self.shards)
        return keep, None
