"""Shards whose ranks are threads, for functions that take :class:`Shards`."""

from threads import Ranks

from bls_mm.ops.shards import Shards

SIZE = 3


class ThreadShards(Shards):
    """The shard of one thread."""

    def __init__(self, ranks):
        self.ranks, self.rank, self.size = ranks, ranks.rank, ranks.size

    def sum(self, array):
        return sum(self.ranks.gather(array))


def on_shards(work, size=SIZE):
    """Calls ``work(shards)`` for each shard at once; returns the list of their results."""
    ranks = Ranks(size)
    return ranks.run(lambda rank: work(ThreadShards(ranks)))
