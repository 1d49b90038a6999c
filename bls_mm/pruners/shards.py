"""All samples here, or a shard of them on each rank: what a pruner asks of all of them together."""

import numpy as np


class Shards:
    """The samples, all of them here: one shard.

    A sampler that keeps scores by rank puts another in its place, whose :meth:`sum` is over the
    ranks. A pruner that asks only through it is the same for one shard and for many. Every rank
    must then ask the same in the same order.

    Attributes:
        rank (int): Which shard is here.
        size (int): How many there are.
    """

    rank = 0
    size = 1

    def sum(self, array: np.ndarray) -> np.ndarray:
        """Sums an array over all shards, entry by entry.

        Args:
            array (np.ndarray): int64 or float64, of the same shape on every rank. It may be
                changed in place.

        Returns:
            np.ndarray: The sum, the same on every rank.
        """
        return array

    def count(self, mask: np.ndarray) -> int:
        """Counts the marks of all shards."""
        return int(self.sum(np.array([np.count_nonzero(mask)]))[0])

    def counts(self, mask: np.ndarray) -> np.ndarray:
        """Counts the marks of each shard: ``(size,)`` int64."""
        counts = np.zeros(self.size, dtype=np.int64)
        counts[self.rank] = np.count_nonzero(mask)
        return self.sum(counts)

    def generator(self, rng: np.random.Generator) -> np.random.Generator:
        """Returns a generator of this shard's own; ``rng`` stays the same on every rank."""
        if self.size == 1:
            return rng
        return np.random.default_rng([int(rng.integers(2**63)), self.rank])


WHOLE = Shards()
