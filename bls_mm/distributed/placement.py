"""Placement: where scores are. All of them on every rank, once per node, or a shard per rank."""

from typing import Sequence

import numpy as np
import torch
from mmengine.dist import all_reduce

from bls_mm.ops.shards import Shards
from bls_mm.scorers import Scorer

from .node_memory import share_on_node


class Placement(Shards):
    """Where scores are. The base class: every rank holds the scores of all samples, in one shard.

    Args:
        num_samples (int): Number of samples N of the data set.
        rank (int): This process.
        world_size (int): Number of processes.

    Attributes:
        rank (int): Index of the shard that this process holds: 0 unless scores are sharded.
        local_size (int): Number of samples whose scores this rank holds.
        readers (int): Number of ranks that hand out the samples of this rank's shard.
        writes (bool): Whether this rank updates the scores that it holds.
    """

    def __init__(self, num_samples: int, rank: int, world_size: int) -> None:
        self.num_samples = num_samples
        self.local_size = num_samples
        self.readers = world_size
        self.writes = True

    def place(self, scorer: Scorer) -> None:
        """Moves the arrays of a new scorer to where scores are kept."""

    def agree_on(self, count: int) -> int:
        """Returns the count of all ranks together: each loss counts once."""
        return count

    def positions_of(self, samples: Sequence[int]) -> Sequence[int]:
        """Returns the positions of samples in the arrays of this rank."""
        return samples

    def samples_at(self, positions: np.ndarray) -> np.ndarray:
        """Returns the samples at positions in the arrays of this rank."""
        return positions

    def gather(self, array: np.ndarray) -> np.ndarray:
        """Returns the array of all samples on rank 0; other ranks get an empty one.

        All ranks must call it together.

        Args:
            array (np.ndarray): ``(local_size,)``, one entry per sample that this rank holds.
        """
        return array

    def take(self, array: np.ndarray) -> np.ndarray:
        """Returns this rank's entries of an array with one entry per sample of the data set."""
        return array


class Replicated(Placement):
    """Every rank holds the scores of all samples."""


class Shared(Placement):
    """The ranks of a node share one copy of the scores. The first of them updates it.

    It writes only in :meth:`ScoreStore.sync`, which all ranks leave together, so no rank ever
    plans with half of an update. A sample takes 6 bytes, once per node.
    """

    def __init__(self, num_samples: int, rank: int, world_size: int) -> None:
        super().__init__(num_samples, rank, world_size)
        self._is_main = rank == 0

    def place(self, scorer: Scorer) -> None:
        num = self.num_samples
        memory, self.writes = share_on_node(6 * num)
        scores = np.frombuffer(memory, np.float32, num)
        if self.writes:
            scores[:] = scorer.scores  # not every scorer starts at 0
        visits = np.frombuffer(memory, np.int16, num, offset=4 * num)
        scorer.use_memory(torch.from_numpy(scores), torch.from_numpy(visits))

    def agree_on(self, count: int) -> int:
        """Returns the count of rank 0. No rank returns before all have called it."""
        agreed = torch.tensor([count if self._is_main else 0])
        all_reduce(agreed)
        return int(agreed)
