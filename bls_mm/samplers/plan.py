"""In which order each rank sees the kept samples. Pure array functions."""

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


def rank_order(order: np.ndarray, rank: int, world_size: int, length: int) -> np.ndarray:
    """Deals an order of samples out to the ranks, and starts over where it is too short.

    Args:
        order (np.ndarray): ``(K,)`` integers, the order of all ranks together.
        rank (int): This rank.
        world_size (int): Number of ranks.
        length (int): How many samples each rank gets.

    Returns:
        np.ndarray: ``(length,)``, the order of this rank.
    """
    if world_size == 1:
        return order[:length]
    positions = rank + world_size * np.arange(length)
    return order[positions % len(order)]
