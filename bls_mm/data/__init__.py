"""Data loading: which samples does each batch contain?"""

from .pruned_loader import PrunedLoader
from .tracked_batch_sampler import BatchCount, TrackedBatch, TrackedBatchSampler
from .tracked_loader import TrackedLoader

__all__ = ['BatchCount', 'PrunedLoader', 'TrackedBatch', 'TrackedBatchSampler', 'TrackedLoader']
