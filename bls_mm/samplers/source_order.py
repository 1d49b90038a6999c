"""The order of an epoch whose batches mix several sources by a ratio."""

from dataclasses import dataclass
from itertools import chain, count, islice
from typing import Iterator, List

import numpy as np

from .epoch_order import deal, rank_length
from .order import ORDER, ascending_order, epoch_generator, random_order
from .pruning_state import PruningState


@dataclass(frozen=True)
class SourceOrder:
    """Options of the order of an epoch; see :class:`MultiSourceBLSSampler`.

    All samples of a batch belong to one group. An epoch has just enough batches to yield each kept
    sample at least once.

    Attributes:
        rank (int): This rank.
        shuffle (bool): Whether the order is random.
        num_per_source (tuple[int]): How many samples of each source are in a batch.
        source (np.ndarray): ``(N,)`` int64, the source of each sample, from 0.
        group (np.ndarray): ``(N,)`` bool, the group of each sample.
        round_up (bool): Always True: all ranks get the same number of samples.
    """

    rank: int
    shuffle: bool
    num_per_source: tuple
    source: np.ndarray
    group: np.ndarray
    round_up: bool = True

    def length(self, state: PruningState) -> int:
        """Returns the number of samples of this rank, the same on every rank."""
        return sum(self._count_batches(state)) * sum(self.num_per_source)

    def samples(self, state: PruningState) -> Iterator[int]:
        """Yields the samples of this rank, batch by batch; each call repeats the same order."""
        num_batches = self._count_batches(state)
        group_of_batch = np.repeat([False, True], num_batches)
        if self.shuffle:  # the same order on all ranks, so that their images have similar shapes
            epoch_generator(state.seed, state.epoch, ORDER).shuffle(group_of_batch)
        streams = [
            [self._stream(state, group, source, num_batches[group]) for source in self._sources]
            for group in (False, True)
        ]
        for group in group_of_batch.astype(int):
            for stream, number in zip(streams[group], self.num_per_source):
                yield from islice(stream, number)

    def may_yield(self, state: PruningState, positions: np.ndarray) -> bool:
        """Whether samples may be in the epoch: kept ones, and any of a source without kept ones."""
        kept = state.plan.mask
        sources = np.unique(self.source[positions[~kept[positions]]])
        return not any((kept & (self.source == source)).any() for source in sources)

    @property
    def _sources(self) -> range:
        return range(len(self.num_per_source))

    def _count_batches(self, state: PruningState) -> List[int]:
        """Returns the number of batches of each group."""
        kept = state.plan.mask
        cells = 2 * self.source[kept] + self.group[kept]
        counts = np.bincount(cells, minlength=2 * len(self.num_per_source)).reshape(-1, 2)
        return [
            max(
                -(-rank_length(int(num_kept), state.placement.readers, True) // number)
                for num_kept, number in zip(column, self.num_per_source)
            )
            for column in counts.T
        ]

    def _stream(
        self, state: PruningState, group: bool, source: int, num_batches: int
    ) -> Iterator[int]:
        """Returns this rank's samples of a source for all batches of a group."""
        candidates = self._candidates(state.plan.mask, group, source)
        passes = count(1)

        def order() -> Iterator[np.ndarray]:
            if not self.shuffle:
                return ascending_order(candidates)
            rng = epoch_generator(state.seed, state.epoch, ORDER + next(passes))
            return random_order(candidates, rng)

        readers, length = state.placement.readers, num_batches * self.num_per_source[source]
        blocks = deal(order, self.rank % readers, readers, length)
        return chain.from_iterable(block.tolist() for block in blocks)

    def _candidates(self, kept: np.ndarray, group: bool, source: int) -> np.ndarray:
        """Returns a mask of the samples that a batch may take from a source.

        These are the kept samples of the group. If there are none, they are the kept samples of
        both groups; if the plan keeps no sample of the source, all its samples.
        """
        of_source = self.source == source
        for candidates in (kept & of_source & (self.group == group), kept & of_source):
            if candidates.any():
                return candidates
        return of_source
