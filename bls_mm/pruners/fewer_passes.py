"""Train on all samples equally often, in fewer passes over the data set."""

from typing import Optional

import numpy as np

from bls_mm.checks import check_fraction
from bls_mm.ops.subsets import kept_count, random_subset
from bls_mm.registry import PRUNERS

from .pruner import Pruner


@PRUNERS.register_module()
class FewerPasses(Pruner):
    r"""Shortens a full training: all samples are used equally often, in fewer passes.

    An epoch draws :math:`\lfloor (1 - r) N \rfloor` samples that the current pass over the data set
    has not used. If too few are left, it uses these and draws the rest from a new pass. So
    :math:`E` epochs are :math:`(1 - r) E` passes. Everything that depends on epochs (schedules,
    validation, changes of the pipeline) happens at the same fraction of the run as without pruning.
    It needs no scores, and does not anneal by default. Memory: 1 byte per sample.

    Source: sampling without replacement in Repeated Sampling of Random Subsets, arXiv 2305.18424.

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
        self.used: Optional[np.ndarray] = None  # (N,) bool, by the current pass

    def prune(self, scores, scored, rng, progress):
        shards = progress.shards
        if self.used is None:
            self.used = np.zeros(len(scored), dtype=bool)
        count = kept_count(shards.count(scored), self.prune_ratio)
        keep = ~self.used
        left = shards.count(keep)
        if count <= left:
            self.used |= random_subset(keep, count, rng, shards)
        else:
            # The new pass starts with what is drawn from the samples that the old one has used.
            # `random_subset` changes `used` in place.
            keep |= random_subset(self.used, count - left, rng, shards)
        return keep, None

    def state_dict(self):
        return {} if self.used is None else {'had': self.used}  # the name of version 0.1

    def load_state_dict(self, state):
        self.used = state['had'].copy() if 'had' in state else None
