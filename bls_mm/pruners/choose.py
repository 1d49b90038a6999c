"""Choosing so many of so many: at random, or by rank. Pure array functions."""

import math

import numpy as np

from .blocks import blocks_of
from .histogram import nth_smallest
from .pruner import ROUNDING
from .shards import WHOLE, Shards


def count_kept(num_samples: int, prune_ratio: float) -> int:
    """How many of ``num_samples`` stay: the whole part of ``(1 - prune_ratio) * num_samples``."""
    return math.floor(num_samples * (1 - prune_ratio) * (1 + ROUNDING))


def thin(
    mask: np.ndarray, prune_ratio: float, rng: np.random.Generator, shards: Shards = WHOLE
) -> np.ndarray:
    """Clears a share of the marks of a mask at random; see :func:`thin_to`."""
    return thin_to(mask, count_kept(shards.count(mask), prune_ratio), rng, shards)


def thin_to(
    mask: np.ndarray, count: int, rng: np.random.Generator, shards: Shards = WHOLE
) -> np.ndarray:
    """Clears marks of a mask until ``count`` are left, every set of that size being as likely.

    Args:
        mask (np.ndarray): ``(n,)`` bool, at least ``count`` of them True in all shards together.
            Changed in place.
        count (int): How many marks to leave in all shards together.
        rng (np.random.Generator): Source of randomness, the same on every rank.
        shards (Shards): Where the samples lie. Defaults to all of them here.

    Returns:
        np.ndarray: The same mask.
    """
    if shards.size > 1:
        count = split_count(shards.counts(mask), count, rng)[shards.rank]
        rng = shards.generator(rng)
    blocks = [mask[block] for block in blocks_of(len(mask))]
    marks = np.array([np.count_nonzero(block) for block in blocks], dtype=np.int64)
    for block, num_marks, num_left in zip(blocks, marks, split_count(marks, count, rng)):
        marked = np.flatnonzero(block)
        if 2 * num_left > num_marks:
            cleared = rng.choice(num_marks, num_marks - num_left, replace=False, shuffle=False)
            block[marked[cleared]] = False
        else:
            left = rng.choice(num_marks, num_left, replace=False, shuffle=False)
            block[:] = False
            block[marked[left]] = True
    return mask


def split_count(marks: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """How many of ``count`` marks, drawn without replacement, fall into each block.

    Binomial draws come close to ``count``; as many single marks as it is off are then drawn from
    those left, or put back. The result is multivariate hypergeometric, for totals of any size.

    Args:
        marks (np.ndarray): ``(J,)`` int64, the marks of each block.
        count (int): How many to draw, at most ``marks.sum()``.
        rng (np.random.Generator): Source of randomness.

    Returns:
        np.ndarray: ``(J,)`` int64, of sum ``count``.
    """
    drawn = rng.binomial(marks, count / max(marks.sum(), 1))
    missing = count - int(drawn.sum())
    pool = np.cumsum(marks - drawn if missing > 0 else drawn)
    moved = rng.choice(int(pool[-1]), abs(missing), replace=False, shuffle=False)
    blocks = np.searchsorted(pool, moved, side='right')
    return drawn + np.sign(missing) * np.bincount(blocks, minlength=len(marks))


def top_mask(
    values: np.ndarray,
    where: np.ndarray,
    count: int,
    rng: np.random.Generator,
    shards: Shards = WHOLE,
) -> np.ndarray:
    """Marks the ``count`` largest values; among equal ones at the edge it draws at random.

    Args:
        values (np.ndarray): ``(n,)`` float32.
        where (np.ndarray): ``(n,)`` bool, which of them take part.
        count (int): How many to mark, in all shards together.
        rng (np.random.Generator): Source of randomness, the same on every rank.
        shards (Shards): Where the samples lie. Defaults to all of them here.

    Returns:
        np.ndarray: ``(n,)`` bool.
    """
    if count == 0:
        return np.zeros(len(values), dtype=bool)
    edge = nth_smallest(values, where, shards.count(where) - count, shards)
    top = values > edge
    top &= where
    tied = values == edge
    tied &= where
    top |= thin_to(tied, count - shards.count(top), rng, shards)
    return top
