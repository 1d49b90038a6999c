"""In which order each rank sees the kept samples, and how many it sees."""

from typing import Callable, Iterable, Iterator

import numpy as np


def epoch_generator(seed: int, epoch: int, purpose: int) -> np.random.Generator:
    """Returns the generator of an epoch: the same for the same arguments, on every rank.

    Args:
        seed (int): Seed of the run.
        epoch (int): The epoch, from 0.
        purpose (int): 0 to select samples, 1 to order them; independent streams.

    Returns:
        np.random.Generator: Its ``bit_generator.seed_seq.entropy`` is the seed of the run.
    """
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(epoch, purpose)))
    )


def rank_length(num_samples: int, world_size: int, round_up: bool) -> int:
    """How many samples each rank gets: the same number on every rank, and at least one.

    Args:
        num_samples (int): Number of kept samples K, at least one.
        world_size (int): Number of ranks.
        round_up (bool): Whether samples repeat to make the ranks equal, or are left out.

    Returns:
        int: Length on each rank.
    """
    if round_up or num_samples < world_size:
        return -(-num_samples // world_size)
    return num_samples // world_size


def deal(
    order: Callable[[], Iterable[np.ndarray]], rank: int, world_size: int, length: int
) -> Iterator[np.ndarray]:
    """Deals an order of samples out to the ranks, and starts over where it is too short.

    Args:
        order (Callable): Returns the order of all ranks together, block by block.
        rank (int): This rank.
        world_size (int): Number of ranks.
        length (int): How many samples each rank gets.

    Yields:
        np.ndarray: Blocks of the order of this rank, ``length`` samples in all.
    """
    first = rank  # position in the coming block of the next sample of this rank
    while length > 0:
        for block in order():
            mine = block[first::world_size][:length]
            yield mine
            length -= len(mine)
            if length == 0:
                return
            first = (first - len(block)) % world_size
