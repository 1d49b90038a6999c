"""The order of an epoch, block by block, without an array of all its samples."""

from typing import Iterator

import numpy as np

from bls_mm.pruners import Selection

BLOCK = 1 << 16
RUN_LENGTHS = [1 << bits for bits in range(17)]
ROUNDS = 6


class RandomBijection:
    """A permutation of ``range(2**bits)`` that is computed, not stored.

    Each round multiplies by a random odd number, adds a random number, both modulo ``2**bits``, and
    folds the upper half of the bits into the lower one: three steps that can be undone. It is what
    hash functions end with (the finalizer of MurmurHash3), on fewer bits, with keys at random.

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
        """Returns where the numbers of ``range(start, stop)`` go: ``(stop - start,)`` unsigned."""
        values = np.arange(start, stop, dtype=self.dtype)
        for factor, summand in self.keys:
            values *= factor
            values += summand
            values &= self.mask
            values ^= values >> self.shift
        return values


def ascending_order(selection: Selection, num_samples: int) -> Iterator[np.ndarray]:
    """Yields the kept samples in ascending order, block by block, int64."""
    for start in range(0, num_samples, BLOCK):
        samples = np.arange(start, min(start + BLOCK, num_samples))
        yield samples[selection.keeps(samples)]


def random_order(
    selection: Selection, num_samples: int, rng: np.random.Generator, run_length: int = 1
) -> Iterator[np.ndarray]:
    """Yields the kept samples in random order, block by block.

    A bijection of random keys says which samples make up a block, and a true shuffle in which order
    they come. So up to 65,536 samples every order is as likely; beyond, it is statistically hard to
    tell, and takes neither memory nor time before the first batch.

    Args:
        selection (Selection): Which samples are kept.
        num_samples (int): Length of the data set.
        rng (np.random.Generator): Source of randomness.
        run_length (int): How many samples that follow one another in the data set come into the
            same block, a power of two up to 65,536. Within the block they are as far apart as any.
            Defaults to 1.

    Yields:
        np.ndarray: int64.
    """
    num_runs = -(-num_samples // run_length)
    bits = max(num_runs - 1, 1).bit_length()
    bijection = RandomBijection(bits, rng)
    step = BLOCK // run_length
    for start in range(0, 2**bits, step):
        samples = bijection(start, min(start + step, 2**bits))
        if run_length > 1:
            samples = samples[samples < num_runs].astype(np.uint64)[:, None] * np.uint64(run_length)
            samples = (samples + np.arange(run_length, dtype=np.uint64)).reshape(-1)
        samples = samples[samples < num_samples].astype(np.int64)
        samples = samples[selection.keeps(samples)]
        rng.shuffle(samples)
        yield samples
