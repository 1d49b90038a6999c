"""Select a fixed number of elements, at random or by rank."""

import math

import numpy as np

from .long_arrays import blocks_of
from .percentiles import nth_smallest
from .shards import WHOLE, Shards

TOLERANCE = 1e-9
"""Tolerance for products that are whole numbers but for rounding: 0.55 * 20 = 11.000000000000002"""


def kept_count(num_samples: int, prune_ratio: float) -> int:
    """Returns how many samples a prune ratio keeps: ``floor((1 - prune_ratio) * num_samples)``."""
    return min(math.floor(num_samples * (1 - prune_ratio) * (1 + TOLERANCE)), num_samples)


def random_fraction(
    mask: np.ndarray, prune_ratio: float, rng: np.random.Generator, shards: Shards = WHOLE
) -> np.ndarray:
    """Keeps a uniformly random fraction ``1 - prune_ratio`` of the True elements of a mask.

    Like :func:`random_subset`, with :func:`kept_count` of the True elements. Changes ``mask`` in
    place and returns it.
    """
    return random_subset(mask, kept_count(shards.count(mask), prune_ratio), rng, shards)


def random_subset(
    mask: np.ndarray, count: int, rng: np.random.Generator, shards: Shards = WHOLE
) -> np.ndarray:
    """Keeps ``count`` of the True elements of a mask; all subsets of this size are equally likely.

    Args:
        mask (np.ndarray): ``(n,)`` bool, with at least ``count`` True elements in all shards.
            Changed in place.
        count (int): Number of True elements to keep in all shards.
        rng (np.random.Generator): Source of randomness, in the same state on every rank.
        shards (Shards): How samples are distributed over ranks. Defaults to all on this rank.

    Returns:
        np.ndarray: ``mask``.
    """
    # First draw how many elements each shard keeps, then how many each block keeps, and only then
    # which ones: memory for indices is needed for one block at a time.
    if shards.size > 1:
        count = split_count(shards.counts(mask), count, rng)[shards.rank]
        rng = shards.generator(rng)
    blocks = [mask[block] for block in blocks_of(len(mask))]  # views: writing changes the mask
    sizes = np.array([np.count_nonzero(block) for block in blocks], dtype=np.int64)
    for block, size, kept in zip(blocks, sizes, split_count(sizes, count, rng)):
        marked = np.flatnonzero(block)
        # Draw whichever is fewer: the elements to clear or the elements to keep.
        if 2 * kept > size:
            cleared = rng.choice(size, size - kept, replace=False, shuffle=False)
            block[marked[cleared]] = False
        else:
            drawn = rng.choice(size, kept, replace=False, shuffle=False)
            block[:] = False
            block[marked[drawn]] = True
    return mask


def split_count(sizes: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draws how many of ``count`` elements, sampled without replacement, come from each part.

    The result has a multivariate hypergeometric distribution. numpy's own method for it is limited
    to a billion elements.

    Args:
        sizes (np.ndarray): ``(J,)`` int64, the number of elements of each part.
        count (int): Number of elements to draw, at most ``sizes.sum()``.
        rng (np.random.Generator): Source of randomness.

    Returns:
        np.ndarray: ``(J,)`` int64, with the sum ``count``.
    """
    # Selecting each element independently with probability count / total gives a binomial number
    # per part. Given their sum, all subsets of that size are equally likely. The sum is off by
    # about sqrt(count). Adding that many random elements from outside the subset, or removing that
    # many from it, again makes all subsets of the new size equally likely.
    drawn = rng.binomial(sizes, count / max(sizes.sum(), 1))
    missing = count - int(drawn.sum())
    ends = np.cumsum(sizes - drawn if missing > 0 else drawn)  # elements to add, or to remove
    moved = rng.choice(int(ends[-1]), abs(missing), replace=False, shuffle=False)
    parts = np.searchsorted(ends, moved, side='right')
    return drawn + np.sign(missing) * np.bincount(parts, minlength=len(sizes))


def top_mask(
    values: np.ndarray,
    where: np.ndarray,
    count: int,
    rng: np.random.Generator,
    shards: Shards = WHOLE,
) -> np.ndarray:
    """Selects the ``count`` largest values; draws at random among values equal to the threshold.

    Args:
        values (np.ndarray): ``(n,)`` float32, finite.
        where (np.ndarray): ``(n,)`` bool, the values to select from.
        count (int): Number of values to select in all shards.
        rng (np.random.Generator): Source of randomness, in the same state on every rank.
        shards (Shards): How samples are distributed over ranks. Defaults to all on this rank.

    Returns:
        np.ndarray: ``(n,)`` bool.
    """
    if count == 0:
        return np.zeros(len(values), dtype=bool)
    threshold = nth_smallest(values, where, shards.count(where) - count, shards)
    top = values > threshold
    top &= where
    tied = values == threshold
    tied &= where
    top |= random_subset(tied, count - shards.count(top), rng, shards)
    return top
