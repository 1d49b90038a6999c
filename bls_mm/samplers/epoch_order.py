"""How many samples a rank gets in a planned epoch, and in which order."""

from dataclasses import dataclass
from typing import Iterator, Optional

import numpy as np

from .order import ascending_order, random_order
from .pruning_state import PruningState
from .ranks import ORDER, deal, epoch_generator, rank_length


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
        kept = state.plan.counts.max() if self.round_up else state.plan.counts.min()
        length = rank_length(int(kept), state.placement.readers, self.round_up)
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

    def blocks(self, state: PruningState) -> Iterator[np.ndarray]:
        """Yields the order of all ranks that read this rank's scores, block by block."""
        if self.shuffle:
            rng = state.placement.generator(epoch_generator(state.seed, state.epoch, ORDER))
            order = random_order(state.plan.mask, rng, self.run_length)
        else:
            order = ascending_order(state.plan.mask)
        return (np.repeat(block, self.num_repeats) for block in order)
