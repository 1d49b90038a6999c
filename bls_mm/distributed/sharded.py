"""Sharded placement: each rank holds the scores of its own samples."""

from typing import List, Sequence

import numpy as np
import torch
from mmengine.dist import all_reduce, gather, get_comm_device, get_default_group, get_world_size

from bls_mm.ops.long_arrays import blocks_of

from .placement import Placement

ROUND = 1 << 22  # samples that travel to rank 0 at a time


class Sharded(Placement):
    """Each rank holds the scores of a fraction of the samples, and trains on no others.

    The data set is cut into rows of R consecutive samples, one for each of the R ranks. So samples
    that follow one another (sources, classes) are spread evenly over the ranks. Which sample of a
    row belongs to which rank turns at random from row to row, so that periodic data are spread as
    well. The position of a sample is the number of its row: nothing is stored.

    Args:
        num_samples (int): Number of samples N of the data set.
        rank (int): This rank.
        world_size (int): Number of ranks R.

    Raises:
        ValueError: If there are fewer samples than ranks.
    """

    def __init__(self, num_samples: int, rank: int, world_size: int) -> None:
        super().__init__(num_samples, rank, world_size)
        if num_samples < world_size:
            raise ValueError(
                f"placement='sharded' needs a sample for each of the {world_size} ranks, but the "
                f"training set has {num_samples}; use placement='replicated'"
            )
        self.rank, self.size = rank, world_size
        self.readers = 1
        full_rows, rest = divmod(num_samples, world_size)
        column = int(self._column(np.array([full_rows]))[0])
        self.local_size = full_rows + (column < rest)

    def positions_of(self, samples: Sequence[int]) -> np.ndarray:
        """Returns the positions of samples in the arrays of this rank: ``(B,)`` int64.

        Raises:
            IndexError: If a sample belongs to another rank.
        """
        samples = np.asarray(samples)
        rows, columns = np.divmod(samples, self.size)
        others = columns != self._column(rows)
        if others.any():
            raise IndexError(
                f'sample {samples[others][0]} does not belong to the shard of rank {self.rank}; '
                "with placement='sharded' a rank must train on the samples of its own sampler"
            )
        return rows

    def samples_at(self, positions: np.ndarray) -> np.ndarray:
        return positions * self.size + self._column(positions)

    def _column(self, rows: np.ndarray) -> np.ndarray:
        """Returns which sample of each row belongs to this rank: ``(B,)`` int64."""
        return (self._turn(rows) + self.rank) % self.size

    def _turn(self, rows: np.ndarray) -> np.ndarray:
        """Returns which sample of each row belongs to rank 0: ``(B,)`` int64.

        A hash of the row number: the first half of the mix of SplitMix64, whose multiplications
        and shifts spread every bit of the row over the upper bits, which are kept.
        """
        turn = rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        turn ^= turn >> np.uint64(30)
        turn *= np.uint64(0xBF58476D1CE4E5B9)
        turn >>= np.uint64(33)
        return turn.astype(np.int64) % self.size

    def agree_on(self, count: int) -> int:
        return int(self.sum(np.array([count]))[0])

    def sum(self, array: np.ndarray) -> np.ndarray:
        if self.size > 1:
            all_reduce(torch.from_numpy(array))
        return array

    def gather(self, array: np.ndarray) -> np.ndarray:
        array = array.astype(self._common_dtype(array.dtype), copy=False)
        rows = -(-self.num_samples // self.size)
        whole = np.empty(rows * self.size if self.rank == 0 else 0, dtype=array.dtype)
        for block in blocks_of(rows, max(1, ROUND // self.size)):
            parts = self._gather_rows(array[block], block.stop - block.start)
            for small in blocks_of(len(parts[0]) if parts else 0):
                rows_of_all = np.arange(block.start + small.start, block.start + small.stop)
                turn, firsts = self._turn(rows_of_all), rows_of_all * self.size
                for rank, part in enumerate(parts):
                    column = turn + rank
                    column -= self.size * (column >= self.size)  # a modulo, but cheaper
                    whole[firsts + column] = part[small]
        return whole[: self.num_samples]

    def _gather_rows(self, array: np.ndarray, num_rows: int) -> List[np.ndarray]:
        """Returns the arrays of all ranks on rank 0, nothing on other ranks."""
        padded = np.zeros(num_rows, dtype=array.dtype)  # a rank may lack the last row
        padded[: len(array)] = array
        octets = torch.from_numpy(padded.view(np.uint8))
        if get_world_size() > 1:  # MMEngine's gather leaves the choice of the device to the caller
            octets = octets.to(get_comm_device(get_default_group()))
        parts = gather(octets)
        return [part.cpu().numpy().view(array.dtype) for part in parts] if self.rank == 0 else []

    def _common_dtype(self, dtype: np.dtype) -> np.dtype:
        """Returns a dtype that holds the values of all ranks: visits may be uint8 or int16."""
        codes = np.zeros(self.size, dtype=np.int64)
        codes[self.rank] = ord(dtype.char)
        return np.result_type(*(np.dtype(chr(code)) for code in set(self.sum(codes).tolist())))

    def take(self, array: np.ndarray) -> np.ndarray:
        if len(array) != self.num_samples:
            raise ValueError(
                f'the state to load belongs to {len(array)} samples, but the training set has '
                f'{self.num_samples}; resume with the data set that the run started with, or '
                'forget the scores with BLSHook(reset_scores=True)'
            )
        mine = np.empty(self.local_size, dtype=array.dtype)
        for block in blocks_of(self.local_size):
            mine[block] = array[self.samples_at(np.arange(block.start, block.stop))]
        return mine
