"""Small records."""

import numpy as np

from bls_mm.records import EpochRecord, record_epoch

RUN = dict(epoch=2, num_epochs=4, iteration=30, mean_weight=1.5, megabytes=1)


def record_of(mask, epoch: int = 0) -> EpochRecord:
    mask = np.array(mask, dtype=bool)
    scores, visits = np.arange(len(mask), dtype=np.float32), np.ones(len(mask))
    return record_epoch(mask, scores, visits, num_kept=int(mask.sum()), **{**RUN, 'epoch': epoch})
