"""Who hands out samples, and remembers which."""

from .bls_sampler import AUTO, BLSSampler
from .recording_batch_sampler import RecordingBatchSampler

__all__ = ['AUTO', 'BLSSampler', 'RecordingBatchSampler']
