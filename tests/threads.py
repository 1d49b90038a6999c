"""Ranks as threads of one process, because processes take seconds to start."""

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from threading import Barrier, RLock, local

from mmengine.registry import Registry

from bls_mm.distributed import exchange, node_memory, placement, sharded
from bls_mm.samplers import bls_sampler


class Ranks:
    """A process group whose ranks are threads.

    Args:
        size (int): Number of ranks.
    """

    def __init__(self, size):
        self.size = size
        self.here = local()
        self.parts = [None] * size
        self.barrier = Barrier(size)

    @property
    def rank(self):
        return self.here.rank

    def run(self, work):
        """Calls ``work(rank)`` on all ranks at once; returns the list of their results."""

        def on_rank(rank):
            self.here.rank = rank
            try:
                return work(rank)
            except BaseException:
                self.barrier.abort()
                raise

        with ThreadPoolExecutor(self.size) as pool:
            return [future.result() for future in [pool.submit(on_rank, r) for r in self.all]]

    @property
    def all(self):
        return range(self.size)

    def gather(self, value):
        """Returns the values of all ranks; all ranks must call it together."""
        self.parts[self.rank] = deepcopy(value)
        self.barrier.wait(timeout=60)
        parts = list(self.parts)
        self.barrier.wait(timeout=60)
        return parts

    def replace_collectives(self, monkeypatch):
        """Replaces the collectives that bls_mm calls by those of the threads."""

        def all_reduce(tensor):
            tensor.copy_(sum(self.gather(tensor)))

        for module in (placement, sharded):
            monkeypatch.setattr(module, 'all_reduce', all_reduce)
        monkeypatch.setattr(sharded, 'gather', self.gather)
        monkeypatch.setattr(exchange, 'all_gather', self.gather)
        monkeypatch.setattr(node_memory, 'all_gather_object', self.gather)
        monkeypatch.setattr(node_memory, 'barrier', lambda: self.gather(None))
        for module in (exchange, node_memory):
            monkeypatch.setattr(module, 'get_rank', lambda: self.rank)
        monkeypatch.setattr(exchange, 'get_world_size', lambda: self.size)
        monkeypatch.setattr(Registry, 'build', _one_at_a_time(Registry.build))
        monkeypatch.setattr(bls_sampler, 'get_dist_info', lambda: (self.rank, self.size))


def _one_at_a_time(function):
    """Serialises a function: MMEngine's registries switch a scope that all threads share."""
    lock = RLock()

    def call(*args, **kwargs):
        with lock:
            return function(*args, **kwargs)

    return call
