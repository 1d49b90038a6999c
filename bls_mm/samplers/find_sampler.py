"""Finds the BLSSampler of a data loader."""

from typing import Optional

from torch.utils.data import DataLoader, Sampler

from .bls_sampler import BLSSampler


def find_sampler(loader: DataLoader) -> Optional[BLSSampler]:
    """Returns the BLSSampler of a loader, below any number of batch samplers; None without one."""
    sampler: Optional[Sampler] = loader.batch_sampler
    while sampler is not None and not isinstance(sampler, BLSSampler):
        sampler = getattr(sampler, 'sampler', None)
    return sampler
