"""A pruner of one's own: leaves out the hardest samples, which may be wrong labels."""

import numpy as np

from bls_mm import PRUNERS, Pruner


@PRUNERS.register_module()
class LeaveOutHardest(Pruner):
    def __init__(self, prune_ratio: float = 0.1, delta: float = 1.0) -> None:
        super().__init__(delta)
        self.prune_ratio = prune_ratio

    def prune(self, scores, scored, epoch, rng):
        hardest = np.quantile(scores[scored], 1 - self.prune_ratio)
        return scores <= hardest, None  # who stays (also who is tied with the last); no weights
