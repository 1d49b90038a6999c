"""Guard: no sample stays out for too many epochs in a row."""

from typing import Optional

import numpy as np

from bls_mm.checks import check_int_between
from bls_mm.ops.long_arrays import blocks_of
from bls_mm.registry import GUARDS

from .guard import Guard

MAX_EPOCHS = np.iinfo(np.uint8).max


@GUARDS.register_module()
class Revisit(Guard):
    """Brings back every sample that was left out for ``epochs`` epochs in a row.

    The forced review of AFSS (CVPR 2026, arXiv 2603.17684), without its limit on the number of
    samples that come back at once. It stores one byte per sample.

    Args:
        epochs (int): Number of epochs in a row that may leave a sample out, from 1 to 254.
            Defaults to 5.
    """

    shardable = True

    def __init__(self, epochs: int = 5) -> None:
        check_int_between('epochs', epochs, 1, MAX_EPOCHS - 1)
        self.epochs = epochs
        self.unseen_for: Optional[np.ndarray] = None

    def bring_back(self, mask, rng):
        if self.unseen_for is None:
            self.unseen_for = np.zeros(len(mask), dtype=np.uint8)
        return self.unseen_for >= self.epochs

    def note(self, mask):
        for block in blocks_of(len(mask)):
            unseen = self.unseen_for[block]
            unseen += unseen < MAX_EPOCHS
            unseen[mask[block]] = 0

    def state_dict(self):
        return {} if self.unseen_for is None else dict(unseen_for=self.unseen_for)

    def load_state_dict(self, state):
        self.unseen_for = state['unseen_for'].copy() if 'unseen_for' in state else None
