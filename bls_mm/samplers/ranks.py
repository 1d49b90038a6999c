"""Random generators of an epoch, and the samples of each rank."""

from typing import Callable, Iterable, Iterator

import numpy as np

SELECT, ORDER = 0, 1  # purposes of the random generators of an epoch


def epoch_generator(seed: int, epoch: int, purpose: int) -> np.random.Generator:
    """Returns a generator of an epoch: the same for the same arguments, on every rank.

    Args:
        seed (int): Seed of the run.
        epoch (int): The epoch, from 0.
        purpose (int): ``SELECT`` or ``ORDER``; the two streams are independent.
    """
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(epoch, purpose)))
    )


def rank_length(num_samples: int, world_size: int, round_up: bool) -> int:
    """Returns the number of samples of each rank: the same for all ranks, and at least one.

    Args:
        num_samples (int): Number of kept samples K, at least one.
        world_size (int): Number of ranks.
        round_up (bool): Whether samples repeat to make all ranks equal, or are dropped.
    """
    if round_up or num_samples < world_size:
        return -(-num_samples // world_size)
    return num_samples // world_size


def deal(
    order: Callable[[], Iterable[np.ndarray]], rank: int, world_size: int, length: int
) -> Iterator[np.ndarray]:
    """Deals an order out to the ranks, sample by sample; starts over if the order is too short.

    Args:
        order (Callable): Returns the order of all ranks together, block by block.
        rank (int): This rank.
        world_size (int): Number of ranks.
        length (int): Number of samples of each rank.

    Yields:
        np.ndarray: Blocks of this rank's samples, ``length`` samples in all.
    """
    first = rank  # position, in the next block, of the next sample of this rank
    while length > 0:
        for block in order():
            mine = block[first::world_size][:length]
            yield mine
            length -= len(mine)
            if length == 0:
                return
            first = (first - len(block)) % world_size
