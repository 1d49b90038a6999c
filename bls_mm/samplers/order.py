"""The order of an epoch, block by block, without an array of all its samples."""

from typing import Iterator

import numpy as np

from bls_mm.ops.long_arrays import BLOCK, blocks_of

SELECT, ORDER = 0, 1  # purposes of the random generators of an epoch
RUN_LENGTHS = [1 << bits for bits in range(17)]
ROUNDS = 6


def epoch_generator(seed: int, epoch: int, purpose: int) -> np.random.Generator:
    """Returns a generator of an epoch: the same for the same arguments, on every rank.

    Args:
        seed (int): Seed of the run.
        epoch (int): The epoch, from 0.
        purpose (int): ``SELECT``, ``ORDER``, or ``ORDER + n`` for the n-th pass over a source.
            Their streams are independent.
    """
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(epoch, purpose)))
    )


class RandomBijection:
    """A permutation of ``range(2**bits)`` that is computed, not stored.

    Each round multiplies by a random odd number, adds a random number (both modulo ``2**bits``),
    and folds the upper half of the bits into the lower half. Each of these steps can be undone, so
    the whole is a permutation. Hash functions end with the same steps (the finalizer of
    MurmurHash3); here they act on fewer bits, with random keys.

    Args:
        bits (int): At most 64.
        rng (np.random.Generator): Source of the keys.
    """

    def __init__(self, bits: int, rng: np.random.Generator) -> None:
        self.dtype = np.uint32 if bits <= 32 else np.uint64
        keys = rng.integers(2**bits, size=(ROUNDS, 2), dtype=np.uint64).astype(self.dtype)
        self.keys = [(factor | self.dtype(1), summand) for factor, summand in keys]
        self.mask = self.dtype(2**bits - 1)
        self.shift = self.dtype((bits + 1) // 2)

    def __call__(self, start: int, stop: int) -> np.ndarray:
        """Returns the images of ``range(start, stop)``: ``(stop - start,)`` unsigned integers."""
        values = np.arange(start, stop, dtype=self.dtype)
        for factor, summand in self.keys:
            values *= factor
            values += summand
            values &= self.mask
            values ^= values >> self.shift
        return values


def ascending_order(mask: np.ndarray) -> Iterator[np.ndarray]:
    """Yields the kept samples in ascending order, block by block.

    Args:
        mask (np.ndarray): ``(N,)`` bool, the kept samples.

    Yields:
        np.ndarray: int64.
    """
    for block in blocks_of(len(mask)):
        yield block.start + np.flatnonzero(mask[block])


def random_order(
    mask: np.ndarray, rng: np.random.Generator, run_length: int = 1
) -> Iterator[np.ndarray]:
    """Yields the kept samples in random order, block by block.

    A random bijection decides which samples make up a block of 65,536, and a true shuffle in which
    order they come within the block. Up to 65,536 samples every order is equally likely; beyond,
    the order is statistically hard to distinguish from a true shuffle. It needs neither memory nor
    time before the first batch.

    Args:
        mask (np.ndarray): ``(N,)`` bool, the kept samples.
        rng (np.random.Generator): Source of randomness.
        run_length (int): Length of contiguous runs that stay together in the shuffled order (read
            locality): a power of two up to 65,536. A run is in one block; within the block it is
            shuffled like all others. Defaults to 1.

    Yields:
        np.ndarray: int64.
    """
    num_samples = len(mask)
    num_runs = -(-num_samples // run_length)
    bits = max(num_runs - 1, 1).bit_length()
    bijection = RandomBijection(bits, rng)
    step = BLOCK // run_length
    for start in range(0, 2**bits, step):
        # The bijection permutes range(2**bits), of which only the first num_runs numbers exist.
        samples = bijection(start, min(start + step, 2**bits))
        if run_length > 1:
            samples = samples[samples < num_runs].astype(np.uint64)[:, None] * np.uint64(run_length)
            samples = (samples + np.arange(run_length, dtype=np.uint64)).reshape(-1)
        samples = samples[samples < num_samples].astype(np.int64)
        samples = samples[mask[samples]]
        rng.shuffle(samples)
        yield samples
