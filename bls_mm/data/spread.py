"""Batches that are smaller instead of fewer."""

from itertools import islice
from typing import Iterator, List

from torch.utils.data import BatchSampler


class Spread:
    """The samples of a batch sampler, in batches whose sizes differ by at most one.

    With ``drop_last``, samples that do not fit into full batches are left out, as without pruning.

    Args:
        batch_sampler (BatchSampler): PyTorch's own. The length of its sampler may change from epoch
            to epoch.
        num_batches (int): Number of batches.
        smallest (int): Number of samples that a batch must have. If the samples are too few, there
            are fewer batches.
    """

    def __init__(self, batch_sampler: BatchSampler, num_batches: int, smallest: int) -> None:
        self.batch_sampler = batch_sampler
        self.num_batches = num_batches
        self.smallest = smallest

    def __iter__(self) -> Iterator[List[int]]:
        num_batches = len(self)
        samples, num_samples = iter(self.batch_sampler.sampler), self._count_samples()
        for number in range(num_batches):
            start, end = (num_samples * (number + step) // num_batches for step in (0, 1))
            yield list(islice(samples, end - start))

    def __len__(self) -> int:
        num_samples = self._count_samples()
        return max(min(1, num_samples), min(self.num_batches, num_samples // self.smallest))

    def _count_samples(self) -> int:
        num_samples = len(self.batch_sampler.sampler)
        if not self.batch_sampler.drop_last:
            return num_samples
        return min(num_samples, self.num_batches * self.batch_sampler.batch_size)
