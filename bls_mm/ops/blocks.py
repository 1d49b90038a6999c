"""Process a long array in blocks, so that temporary arrays fit the CPU cache."""

from typing import Iterator

BLOCK = 1 << 16
"""Elements per block. A multiple of 8, so that blocks of a bit-packed array start at a byte."""


def blocks_of(length: int, size: int = BLOCK) -> Iterator[slice]:
    """Yields the slices of ``size`` elements that cover ``range(length)``; the last is shorter."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
