"""Samplers: choose the order of samples."""

from .bls_sampler import BLSSampler
from .find_sampler import find_sampler
from .pruning_state import AUTO

__all__ = ['AUTO', 'BLSSampler', 'find_sampler']
