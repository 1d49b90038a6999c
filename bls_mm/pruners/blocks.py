"""Long arrays are worked through block by block: what lies between fits the processor's cache."""

from typing import Iterator

BLOCK = 1 << 16  # a multiple of 8, so that packed bits split evenly


def blocks_of(length: int, size: int = BLOCK) -> Iterator[slice]:
    """Cuts ``range(length)`` into slices of ``size``, the last one shorter."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
