"""Epsilon-greedy: the hardest samples, and a few at random."""

import math

import numpy as np

from bls_mm.registry import PRUNERS

from .choose import count_kept, thin_to, top_mask
from .pruner import ROUNDING, Pruner, check_share


@PRUNERS.register_module()
class EpsilonGreedy(Pruner):
    r"""Keeps the samples of highest score, and some uniformly from the rest.

    Of :math:`K = \lfloor (1 - r) n \rfloor` kept samples, :math:`\lfloor \epsilon K \rfloor` are
    drawn uniformly from those that are not among the :math:`K - \lfloor \epsilon K \rfloor` of
    highest score. Source: Raju et al., arXiv 2111.12621, section 3.

    Args:
        prune_ratio (float): The :math:`r` above, in ``[0, 1)``. Defaults to 0.3.
        epsilon (float): Share of the kept samples that is drawn at random. Defaults to 0.1.
        delta (float): Share of the epochs that prune. Defaults to 1.0, no annealing.
        interval (int): Select anew every so many epochs. Defaults to 1.
    """

    shardable = True

    def __init__(
        self,
        prune_ratio: float = 0.3,
        epsilon: float = 0.1,
        delta: float = 1.0,
        interval: int = 1,
    ) -> None:
        super().__init__(delta, interval)
        check_share('prune_ratio', prune_ratio, below=1)
        check_share('epsilon', epsilon)
        self.prune_ratio = prune_ratio
        self.epsilon = epsilon

    def prune(self, scores, scored, epoch, rng):
        kept = count_kept(self.shards.count(scored), self.prune_ratio)
        explored = math.floor(self.epsilon * kept + ROUNDING)
        keep = top_mask(scores, scored, kept - explored, rng, self.shards)
        rest = np.greater(scored, keep, out=scored)
        keep |= thin_to(rest, explored, rng, self.shards)
        return keep, None
