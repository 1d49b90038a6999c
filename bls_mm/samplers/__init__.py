"""Samplers: choose the order of samples."""

from .bls_sampler import BLSSampler, find_sampler
from .multi_source_sampler import MultiSourceBLSSampler
from .pruning_state import AUTO

__all__ = ['AUTO', 'BLSSampler', 'MultiSourceBLSSampler', 'find_sampler']
