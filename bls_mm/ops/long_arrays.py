"""Long arrays: processed in blocks that fit the CPU cache, and shared by forked processes."""

import mmap
from contextlib import suppress
from typing import Iterator

import numpy as np

BLOCK = 1 << 16
"""Elements per block. A multiple of 8, so that blocks of a bit-packed array start at a byte."""

HUGE_PAGE = 1 << 21  # bytes


def blocks_of(length: int, size: int = BLOCK) -> Iterator[slice]:
    """Yields the slices of ``size`` elements that cover ``range(length)``; the last is shorter."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))


def shared_zeros(length: int, dtype: np.dtype) -> np.ndarray:
    """Returns zeros in memory that is shared with processes forked later.

    Usually a page is copied when one of the processes writes to it. Workers of a data loader that
    stay alive would then hold an old copy of all scores. Here they see the page itself, so they
    take no memory. A forked process that wants to write must make a copy first.

    Args:
        length (int): Number of elements.
        dtype (np.dtype): Their type.

    Returns:
        np.ndarray: ``(length,)``. An array below 2 MiB is an ordinary one.
    """
    num_bytes = length * np.dtype(dtype).itemsize
    if num_bytes < HUGE_PAGE:
        return np.zeros(length, dtype=dtype)
    memory = mmap.mmap(-1, num_bytes)
    if hasattr(mmap, 'MADV_HUGEPAGE'):
        with suppress(OSError):  # of a kernel without huge pages
            memory.madvise(mmap.MADV_HUGEPAGE)  # random access is 20 % faster
    return np.frombuffer(memory, dtype=dtype)
