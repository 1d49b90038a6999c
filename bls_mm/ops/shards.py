"""Sums and counts over all samples, which are on this rank or distributed over all ranks."""

import numpy as np


class Shards:
    """All samples are on this rank: a single shard.

    With ``placement='sharded'`` each rank holds one shard of the samples, and the sampler passes a
    subclass whose :meth:`sum` is an all-reduce. Code that takes every global quantity from this
    class works for one shard and for many. All ranks must make the same calls in the same order.

    Attributes:
        rank (int): Index of the shard on this rank.
        size (int): Number of shards.
    """

    rank = 0
    size = 1

    def sum(self, array: np.ndarray) -> np.ndarray:
        """Sums an array over all shards, element by element.

        Args:
            array (np.ndarray): int64 or float64, with the same shape on every rank. The call may
                change it in place.

        Returns:
            np.ndarray: The sum, the same on every rank.
        """
        return array

    def count(self, mask: np.ndarray) -> int:
        """Returns the number of True elements over all shards."""
        return int(self.sum(np.array([np.count_nonzero(mask)]))[0])

    def counts(self, mask: np.ndarray) -> np.ndarray:
        """Returns the number of True elements of each shard: ``(size,)`` int64."""
        counts = np.zeros(self.size, dtype=np.int64)
        counts[self.rank] = np.count_nonzero(mask)
        return self.sum(counts)

    def generator(self, rng: np.random.Generator) -> np.random.Generator:
        """Returns an independent generator for this shard; ``rng`` stays in step on all ranks.

        A single shard uses ``rng`` itself.
        """
        if self.size == 1:
            return rng
        return np.random.default_rng([int(rng.integers(2**63)), self.rank])


WHOLE = Shards()
"""All samples are on this rank."""
