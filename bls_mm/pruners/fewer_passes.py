"""A full training cut short, as a pruner."""

from typing import Optional

import numpy as np

from bls_mm.registry import PRUNERS

from .choose import count_kept, thin_to
from .pruner import Pruner, check_share


@PRUNERS.register_module()
class FewerPasses(Pruner):
    """Trains on all samples equally often, in fewer passes: a full run of fewer epochs.

    An epoch takes the share ``1 - prune_ratio`` of the samples from those that the current pass
    over the data set has not had, and the rest, where these run out, from a new pass. So E epochs
    are ``(1 - prune_ratio) * E`` whole passes, and whatever goes by epochs (schedules, validation,
    switches of pipelines) happens at the same share of the run as in every other. It is what
    pruning has to beat. Source: sampling without replacement in "Repeated Sampling of Random
    Subsets" (arXiv 2305.18424). It keeps a byte a sample.

    Args:
        prune_ratio (float): Share of the samples that each epoch leaves out, in ``[0, 1)``.
            Defaults to 0.3.
    """

    needs_scores = False
    shardable = True

    def __init__(self, prune_ratio: float = 0.3) -> None:
        super().__init__(delta=1.0)
        check_share('prune_ratio', prune_ratio, below=1)
        self.prune_ratio = prune_ratio
        self.had: Optional[np.ndarray] = None  # by the current pass

    def prune(self, scores, scored, epoch, rng):
        if self.had is None:
            self.had = np.zeros(len(scored), dtype=bool)
        count = count_kept(self.shards.count(scored), self.prune_ratio)
        keep = ~self.had
        left = self.shards.count(keep)
        if count <= left:
            self.had |= thin_to(keep, count, rng, self.shards)
        else:
            keep |= thin_to(self.had, count - left, rng, self.shards)
        return keep, None

    def state_dict(self):
        state = super().state_dict()
        return state if self.had is None else {**state, 'had': self.had}

    def load_state_dict(self, state):
        super().load_state_dict(state)
        self.had = state['had'].copy() if 'had' in state else None
