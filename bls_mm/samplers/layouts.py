"""Where the scores lie: all of them on every rank, once a node, or a shard on each rank."""

from typing import List, Sequence

import numpy as np
import torch
from mmengine.dist import all_reduce, gather, get_comm_device, get_default_group, get_world_size

from bls_mm.pruners.blocks import blocks_of
from bls_mm.pruners.shards import Shards
from bls_mm.scorers import Scorer

from .node_memory import share_on_node

ROUND = 1 << 22  # samples that travel to rank 0 at a time


class Replicated(Shards):
    """Every rank holds the scores of all samples: one shard.

    Args:
        num_samples (int): Length N of the data set.
        rank (int): This rank.
        world_size (int): Number of ranks.

    Attributes:
        num_held (int): Of how many samples this rank holds the scores.
        writes (bool): Whether this rank scores what lies here.
    """

    writes = True

    def __init__(self, num_samples: int, rank: int, world_size: int) -> None:
        self.num_held = num_samples

    def place(self, scorer: Scorer) -> None:
        """Moves the scores of a new scorer to where they shall lie."""

    def total(self, count: int) -> int:
        """Returns what all ranks together counted of the same kind, each loss once."""
        return count

    def positions_of(self, samples: Sequence[int]) -> Sequence[int]:
        """Returns at which positions the scores of samples lie here."""
        return samples

    def samples_at(self, positions: np.ndarray) -> np.ndarray:
        """Returns the samples whose scores lie at positions."""
        return positions

    def gather(self, array: np.ndarray) -> np.ndarray:
        """Returns an array of one entry a sample held as one of all samples, on rank 0.

        All ranks must call it together; the others get an empty one.
        """
        return array

    def take(self, array: np.ndarray) -> np.ndarray:
        """Returns an array of one entry a sample as one of the samples held."""
        return array


class Shared(Replicated):
    """The ranks of a node hold one copy of the scores, which the first of them keeps up to date.

    It writes only while all ranks exchange losses, and they leave that together, so that none ever
    plans by half of an exchange. A sample takes 6 bytes, once a node.
    """

    def __init__(self, num_samples: int, rank: int, world_size: int) -> None:
        super().__init__(num_samples, rank, world_size)
        self.is_main = rank == 0

    def place(self, scorer: Scorer) -> None:
        num = self.num_held
        memory, self.writes = share_on_node(6 * num)
        scores = np.frombuffer(memory, np.float32, num)
        if self.writes:
            scores[:] = scorer.scores  # not every scorer starts at 0
        scorer.scores = torch.from_numpy(scores)
        scorer.visits = torch.from_numpy(np.frombuffer(memory, np.int16, num, offset=4 * num))

    def total(self, count: int) -> int:
        """Returns the count of rank 0; no rank returns before all have come."""
        count = torch.tensor([count if self.is_main else 0])
        all_reduce(count)
        return int(count)


class Sharded(Replicated):
    """Each rank holds the scores of a share of the samples, and hands out no others.

    Of each row of R consecutive samples each of the R ranks holds one, so that whatever follows one
    another in the data set (sources, classes) is spread evenly. Which one turns at random from row
    to row, so that what repeats with a period is spread as well. A position is the number of its
    row: nothing is stored.
    """

    def __init__(self, num_samples: int, rank: int, world_size: int) -> None:
        if num_samples < world_size:
            raise ValueError(
                f"layout='sharded' needs a sample for each of the {world_size} ranks, but the "
                f"training set has {num_samples}; use layout='replicated'"
            )
        self.num_samples, self.rank, self.size = num_samples, rank, world_size
        full_rows, rest = divmod(num_samples, world_size)
        column = int(self._column(np.array([full_rows]))[0])
        self.num_held = full_rows + (column < rest)

    def positions_of(self, samples: Sequence[int]) -> np.ndarray:
        """Returns at which positions the scores of samples lie here: ``(B,)`` int64.

        Raises:
            IndexError: If a sample is another rank's.
        """
        samples = np.asarray(samples)
        rows, columns = np.divmod(samples, self.size)
        others = columns != self._column(rows)
        if others.any():
            raise IndexError(
                f'sample {samples[others][0]} is not of the shard of rank {self.rank}; with '
                "layout='sharded' a rank trains on the samples that its sampler hands out"
            )
        return rows

    def samples_at(self, positions: np.ndarray) -> np.ndarray:
        return positions * self.size + self._column(positions)

    def _column(self, rows: np.ndarray) -> np.ndarray:
        """Returns which sample of each row is this rank's: ``(B,)`` int64."""
        return (self._turn(rows) + self.rank) % self.size

    def _turn(self, rows: np.ndarray) -> np.ndarray:
        """Returns which sample of each row is rank 0's: ``(B,)`` int64."""
        turn = rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)  # the mix of SplitMix64
        turn ^= turn >> np.uint64(30)
        turn *= np.uint64(0xBF58476D1CE4E5B9)
        turn >>= np.uint64(33)
        return turn.astype(np.int64) % self.size

    def total(self, count: int) -> int:
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
                    column -= self.size * (column >= self.size)
                    whole[firsts + column] = part[small]
        return whole[: self.num_samples]

    def _gather_rows(self, array: np.ndarray, num_rows: int) -> List[np.ndarray]:
        """Returns the arrays of all ranks on rank 0, nothing on the others."""
        padded = np.zeros(num_rows, dtype=array.dtype)  # a rank may lack the last row
        padded[: len(array)] = array
        octets = torch.from_numpy(padded.view(np.uint8))
        if get_world_size() > 1:  # MMEngine's gather leaves it to us to choose the device
            octets = octets.to(get_comm_device(get_default_group()))
        parts = gather(octets)
        return [part.cpu().numpy().view(array.dtype) for part in parts] if self.rank == 0 else []

    def _common_dtype(self, dtype: np.dtype) -> np.dtype:
        """Visits may have outgrown a byte on some ranks only."""
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
        mine = np.empty(self.num_held, dtype=array.dtype)
        for block in blocks_of(self.num_held):
            mine[block] = array[self.samples_at(np.arange(block.start, block.stop))]
        return mine


LAYOUTS = {'replicated': Replicated, 'shared': Shared, 'sharded': Sharded}
