"""Who hands out samples, and remembers which."""

from .bls_sampler import BLSSampler
from .recording_batch_sampler import RecordingBatchSampler

__all__ = ['BLSSampler', 'RecordingBatchSampler']
