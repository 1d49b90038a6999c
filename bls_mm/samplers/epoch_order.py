"""How many samples a rank gets in a planned epoch, and in which order."""

from dataclasses import dataclass
from typing import Callable, Iterable, Iterator, Optional

import numpy as np

from .order import ORDER, ascending_order, epoch_generator, random_order
from .pruning_state import PruningState


@dataclass(frozen=True)
class EpochOrder:
    """Options of the order of an epoch; see :class:`BLSSampler`.

    Attributes:
        rank (int): This rank.
        shuffle (bool): Whether the order is random.
        round_up (bool): Whether samples repeat so that all ranks get the same number.
        run_length (int): Length of contiguous runs that stay together.
        num_repeats (int): How many times in a row each sample comes.
        full_batch_size (int): The length is a multiple of it. Defaults to 1.
        singleton_batch_size (int, optional): Batch size; no batch of one is left over. Defaults to
            None.
    """

    rank: int
    shuffle: bool
    round_up: bool
    run_length: int
    num_repeats: int
    full_batch_size: int = 1
    singleton_batch_size: Optional[int] = None

    def length(self, state: PruningState) -> int:
        """Returns the number of samples of this rank, the same on every rank."""
        counts = state.plan.counts
        kept = max(counts) if self.round_up else min(counts)
        length = rank_length(kept, state.placement.readers, self.round_up)
        length += -length % self.full_batch_size
        if self.singleton_batch_size is not None and length % self.singleton_batch_size == 1:
            return length + 1
        return length

    def samples(self, state: PruningState) -> Iterator[int]:
        """Yields the samples of this rank; each call repeats the same order."""
        readers = state.placement.readers
        rank, length = self.rank % readers, self.length(state)
        for block in deal(lambda: self.blocks(state), rank, readers, length):
            yield from state.placement.samples_at(block).tolist()

    def may_yield(self, state: PruningState, positions: np.ndarray) -> bool:
        """Whether the samples at positions in the arrays of this rank may be in the epoch."""
        return bool(state.plan.mask[positions].all())

    def blocks(self, state: PruningState) -> Iterator[np.ndarray]:
        """Yields the order of all ranks that read this rank's scores, block by block."""
        if self.shuffle:
            rng = state.placement.generator(epoch_generator(state.seed, state.epoch, ORDER))
            order = random_order(state.plan.mask, rng, self.run_length)
        else:
            order = ascending_order(state.plan.mask)
        return (np.repeat(block, self.num_repeats) for block in order)


def rank_length(num_samples: int, world_size: int, round_up: bool) -> int:
    """Returns the number of samples of each rank: the same for all ranks; 0 only for no samples.

    Args:
        num_samples (int): Number of kept samples K.
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
