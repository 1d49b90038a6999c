"""Who hands out samples, and remembers which."""

from .bls_sampler import AUTO, BLSSampler
from .recording_batch_sampler import Batch, RecordingBatchSampler

__all__ = ['AUTO', 'BLSSampler', 'Batch', 'RecordingBatchSampler']
