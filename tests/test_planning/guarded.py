"""Guards behind a pruner that always leaves out the same samples."""

import numpy as np

from bls_mm.pruners import Pruner
from bls_mm.samplers.order import SELECT, epoch_generator

NUM = 300


class KeepFirst(Pruner):
    """Keeps the first samples only."""

    delta = 1.0
    needs_scores = False

    def __init__(self, count=100):
        self.count = count

    def prune(self, scores, scored, rng, progress):
        return np.arange(len(scores)) < self.count, None


def kept_by(planner, epochs, num=NUM):
    """Returns (epochs, N) bool: the samples that each epoch keeps."""
    scores, visits = np.linspace(1, 0, num, dtype=np.float32), np.ones(num, dtype=np.uint8)
    kept = np.zeros((epochs, num), dtype=bool)
    for epoch in range(epochs):
        rng = epoch_generator(0, epoch, SELECT)
        kept[epoch] = planner.plan(scores, visits, epoch, 100, rng).mask
    return kept
