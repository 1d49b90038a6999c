"""Train on one random subset for the whole run."""

import numpy as np

from bls_mm.checks import check_fraction
from bls_mm.ops.subsets import random_fraction
from bls_mm.registry import PRUNERS

from .pruner import Pruner


@PRUNERS.register_module()
class StaticRandom(Pruner):
    r"""Keeps the same uniform subset of :math:`\lfloor (1 - r) N \rfloor` samples in every epoch.

    The baseline for dynamic pruning. The seed of the run determines the subset. It needs no scores,
    and does not anneal by default.

    Source: "Random" in table 2 of the Batch Loss Score paper, arXiv 2604.04681. The reference code
    keeps the first samples of the data set instead of random ones.

    Args:
        prune_ratio (float): Fraction :math:`r` of the samples that the run leaves out, in
            ``[0, 1)``. Defaults to 0.3.
    """

    delta = 1.0
    needs_scores = False
    shardable = True
    steerable = False

    def __init__(self, prune_ratio: float = 0.3) -> None:
        check_fraction('prune_ratio', prune_ratio, below=1)
        self.prune_ratio = prune_ratio

    def prune(self, scores, scored, rng, progress):
        rng_of_run = np.random.default_rng(progress.seed)  # the same in every epoch, unlike `rng`
        return random_fraction(scored, self.prune_ratio, rng_of_run, progress.shards), None
