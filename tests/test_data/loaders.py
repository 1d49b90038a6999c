"""Data sets and loaders whose batches reveal their samples."""

import torch
from torch.utils.data import Dataset

NUM = 50


class Numbers(Dataset):
    """Sample i is the number i.

    Args:
        broken (int, optional): A sample that cannot be loaded. Defaults to None.
    """

    def __init__(self, broken=None):
        self.broken = broken

    def __len__(self):
        return NUM

    def __getitem__(self, index):
        if index == self.broken:
            raise ValueError(f'sample {index} is broken')
        return index


def drop_sevenths(items):
    """A collate function that returns None if a sample is a multiple of 7."""
    return None if any(item % 7 == 0 for item in items) else torch.tensor(items)


class ReusedBatch:
    """A collate function that returns the same object each time."""

    def __init__(self):
        self.batch = {}

    def __call__(self, items):
        self.batch['samples'] = torch.tensor(items)
        return self.batch
