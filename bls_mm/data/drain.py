"""Empties a batch sampler of samples that an abandoned iteration left in it."""

from itertools import islice
from typing import Any, Iterator

from torch.utils.data import Sampler

MAX_LEFT = 1024  # batches that an iteration may have left: a few, for any batch sampler known
MAX_READS = 1024  # of its sampler, by a batch sampler that ends


class _ExhaustedError(Exception):
    """Ends a batch sampler that starts its sampler over and over."""


class _EmptySampler(Sampler):
    """A sampler without samples, with the attributes of another one."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._num_reads = 0

    def __iter__(self) -> Iterator[int]:
        self._num_reads += 1
        if self._num_reads > MAX_READS:
            raise _ExhaustedError
        return iter(())

    def __len__(self) -> int:
        return 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sampler, name)


def drain(batch_sampler: Sampler) -> None:
    """Lets a batch sampler yield the samples that it still holds, and drops them.

    MMDetection's batch samplers keep samples in buckets until a batch is full. MMEngine's
    iteration-based loops start to iterate when they are built; an epoch would otherwise begin with
    samples of that iteration, which nobody trained on.

    Args:
        batch_sampler (Sampler): A batch sampler with an attribute ``sampler``.

    Raises:
        TypeError: If it never ends: it starts its sampler over and over, or needs none.
    """
    sampler, batch_sampler.sampler = batch_sampler.sampler, _EmptySampler(batch_sampler.sampler)
    try:
        is_endless = sum(1 for _ in islice(batch_sampler, MAX_LEFT)) == MAX_LEFT
    except _ExhaustedError:
        is_endless = True
    finally:
        batch_sampler.sampler = sampler
    if is_endless:
        raise TypeError(
            f'the batch sampler {type(batch_sampler).__name__} never ends, so no epoch can be '
            'planned; let it end with its sampler, which starts anew for each epoch'
        )
