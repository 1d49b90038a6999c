"""Batches that are smaller instead of fewer."""

from itertools import islice
from typing import Iterator, List

from torch.utils.data import Sampler


class Spread:
    """All samples of a sampler, in batches whose sizes differ by at most one.

    Args:
        sampler (Sampler): Yields samples; its length may change from epoch to epoch.
        num_batches (int): Number of batches.
        smallest (int): Number of samples that a batch must have. If the samples are too few, there
            are fewer batches.
    """

    def __init__(self, sampler: Sampler, num_batches: int, smallest: int) -> None:
        self.sampler = sampler
        self.num_batches = num_batches
        self.smallest = smallest

    def __iter__(self) -> Iterator[List[int]]:
        samples, num_samples, num_batches = iter(self.sampler), len(self.sampler), len(self)
        for number in range(num_batches):
            start, end = (num_samples * (number + step) // num_batches for step in (0, 1))
            yield list(islice(samples, end - start))

    def __len__(self) -> int:
        return max(1, min(self.num_batches, len(self.sampler) // self.smallest))
