"""A custom pruner: leaves out the hardest samples, which may have wrong labels."""

import numpy as np

from bls_mm import PRUNERS, Pruner


@PRUNERS.register_module()
class LeaveOutHardest(Pruner):
    delta = 1.0  # prune in all epochs

    def __init__(self, prune_ratio: float = 0.1) -> None:
        self.prune_ratio = prune_ratio

    def prune(self, scores, scored, rng, progress):
        threshold = np.quantile(scores[scored], 1 - self.prune_ratio)
        return scores <= threshold, None  # the mask of kept samples, and no loss weights
