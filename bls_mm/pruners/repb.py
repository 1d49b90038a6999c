"""RePB: prune easy samples at random, resample pruned ones, weight by how rarely each was used."""

from typing import Optional

import numpy as np

from bls_mm.checks import check_bool, check_fraction
from bls_mm.ops.percentiles import masked_mean
from bls_mm.ops.subsets import random_fraction
from bls_mm.registry import PRUNERS

from .pruner import Pruner


@PRUNERS.register_module()
class RePB(Pruner):
    r"""Keeps hard samples, and random fractions of the easy and of the unused ones.

    A sample is *used* if it was scored in the last epoch. Of the used samples, those with a
    score of at least the mean :math:`\mu` of all used samples are kept, and a uniform fraction
    :math:`1 - \rho` of the others. Of the samples that were not used, a uniform fraction
    :math:`1 - \rho` returns, regardless of their scores. After :math:`E` epochs a sample that was
    used :math:`N_i` times has the loss weight :math:`E / N_i`. It does not anneal by default.

    Memory: 3 bytes per sample, and about 25 more while it plans.

    Source: RePB, ICLR 2026. One difference: the original takes the mean over a window of one or
    more batches, while the epoch runs. Here it is the mean of the epoch.

    Args:
        prune_ratio (float): The :math:`\rho` above, in ``[0, 1)``. Defaults to 0.5.
        reweight (bool): Whether samples have the weights above. Otherwise all weights are 1.
            Defaults to True.
    """

    delta = 1.0

    def __init__(self, prune_ratio: float = 0.5, reweight: bool = True) -> None:
        check_fraction('prune_ratio', prune_ratio, below=1)
        check_bool('reweight', reweight)
        self.prune_ratio = prune_ratio
        self.reweight = reweight
        self.visits: Optional[np.ndarray] = None  # (N,), at the start of this epoch
        self.used: Optional[np.ndarray] = None  # (N,) bool, in the last epoch
        self.num_epochs = 0  # the E above; not that of the run, which may have forgotten its scores

    def rank_by(self, scores, visits):
        self.used = visits > (0 if self.visits is None else self.visits)
        self.visits = visits.astype(np.int16)
        self.num_epochs = max(self.num_epochs + bool(self.used.any()), int(self.visits.max()))
        return scores

    def prune(self, scores, scored, rng, progress):
        easy = scored & self.used
        if easy.any():
            easy &= scores < masked_mean(scores, easy)
        unused = scored & ~self.used
        mask = ~(easy | unused)
        for part in (easy, unused):
            mask |= random_fraction(part, self.prune_ratio, rng)
        weights = None
        if self.reweight:
            weights = max(self.num_epochs, 1) / np.maximum(self.visits, 1, dtype=np.float32)
        return mask, weights

    def state_dict(self):
        return {} if self.visits is None else dict(visits=self.visits, num_epochs=self.num_epochs)

    def load_state_dict(self, state):
        self.num_epochs = state.get('num_epochs', 0)
        self.visits = state['visits'].copy() if 'visits' in state else None
