"""Map float32 values to uint32 keys in the same order, and back.

Read as unsigned integers, the bit patterns of positive floats are in ascending order, because the
exponent comes before the mantissa. Negative floats have the sign bit set and are in descending
order. So the key of a negative float has all bits inverted, and the key of any other float has its
sign bit set: ``-inf < -1 < 0 < 1 < inf`` holds for the keys as well.
"""

from typing import Iterator

import numpy as np

from .long_arrays import blocks_of

SIGN = np.uint32(1 << 31)
KEY_BITS = 16  # bits in each half of a key


def keys_of(values: np.ndarray, where: np.ndarray) -> Iterator[np.ndarray]:
    """Yields the keys of the selected values, block by block.

    Args:
        values (np.ndarray): ``(n,)`` float32 or float16, finite.
        where (np.ndarray): ``(n,)`` bool, selects values.

    Yields:
        np.ndarray: uint32 keys, in the order of the values, for each slice of :func:`blocks_of`.
    """
    for block in blocks_of(len(values)):
        selected = values[block] if where[block].all() else values[block][where[block]]
        # Adding 0 turns -0.0 into 0.0, so that equal values have equal keys.
        bits = (selected.astype(np.float32, copy=False) + np.float32(0)).view(np.int32)
        # For int32, `bits >> 31` copies the sign bit to all bits: -1 for a negative value, else 0.
        # With the sign bit set it is the mask of the bits to invert: all of them, or the sign bit.
        yield (bits ^ (bits >> 31 | SIGN.view(np.int32))).view(np.uint32)


def values_of(keys: np.ndarray) -> np.ndarray:
    """Returns the float32 values of integer keys: the inverse of :func:`keys_of`."""
    keys = keys.astype(np.uint32)
    return np.where(keys < SIGN, ~keys, keys ^ SIGN).view(np.float32)


def high_half(keys: np.ndarray) -> np.ndarray:
    """Returns the upper 16 bits of uint32 keys: sign, exponent and 7 bits of the mantissa."""
    return keys >> np.uint32(KEY_BITS)


def low_half(keys: np.ndarray) -> np.ndarray:
    """Returns the lower 16 bits of uint32 keys: the rest of the mantissa."""
    return keys & np.uint32((1 << KEY_BITS) - 1)
