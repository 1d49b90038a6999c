"""Batches that wait to be scored, with their losses."""

from array import array
from typing import List, NamedTuple, Sequence, Union

import numpy as np
import torch

from bls_mm.scorers.batches import check_range

JOIN = 1024  # batches that are joined at a time


class SeenBatches(NamedTuple):
    """Batches and their losses.

    Attributes:
        sizes (torch.Tensor): ``(M,)`` int64, the number of samples of each batch.
        indices (torch.Tensor): ``(sum of sizes,)`` integers, batch after batch.
        losses (torch.Tensor): float32, one per batch, or one per sample.
    """

    sizes: torch.Tensor
    indices: torch.Tensor
    losses: torch.Tensor


class PendingBatches:
    """Collects batches until they are scored, at 4 bytes per sample.

    Losses stay on their device and are joined there, so that collecting never waits for a device.

    Args:
        num_samples (int): Number of samples whose scores this rank holds.
    """

    def __init__(self, num_samples: int) -> None:
        self.num_samples = num_samples
        self.num_indices = 0  # samples of all batches together
        self._sizes = array('q')
        self._indices = array('i' if num_samples < 2**31 else 'q')
        self._losses: List[torch.Tensor] = []
        # The latest batches are not joined yet: a step then costs two list appends.
        self._latest_indices: List[np.ndarray] = []
        self._latest_losses: List[Union[torch.Tensor, float]] = []

    def append(self, indices: Sequence[int], loss: Union[torch.Tensor, float]) -> None:
        """Adds a batch.

        Args:
            indices (sequence[int]): ``(B,)``.
            loss (torch.Tensor or float): float32, scalar or ``(B,)``, on any device; or a number.
                The same kind for all batches.
        """
        self._latest_indices.append(np.array(indices))
        self._latest_losses.append(loss)
        self.num_indices += len(indices)
        if len(self._latest_losses) == JOIN:
            self._join()

    def drain(self) -> SeenBatches:
        """Returns all batches, in main memory, and forgets them.

        Raises:
            IndexError: If an index is outside ``[0, N)``.
        """
        if self._latest_losses:
            self._join()
        losses = torch.cat([torch.empty(0), *(part.to('cpu') for part in self._losses)])
        drained = SeenBatches(_as_tensor(self._sizes), _as_tensor(self._indices), losses)
        self.clear()
        return drained

    def clear(self) -> None:
        """Forgets all batches."""
        # New arrays: the tensors that drain returned share memory with the old ones.
        self._sizes, self._indices = array('q'), array(self._indices.typecode)
        self._losses, self._latest_indices, self._latest_losses = [], [], []
        self.num_indices = 0

    def _join(self) -> None:
        indices = np.concatenate(self._latest_indices)
        check_range(indices, self.num_samples)
        self._indices.frombytes(indices.astype(self._indices.typecode).tobytes())
        self._sizes.extend(map(len, self._latest_indices))
        self._losses.append(_join_losses(self._latest_losses))
        self._latest_indices, self._latest_losses = [], []

    def __len__(self) -> int:
        return len(self._sizes) + len(self._latest_losses)


def choose_round_size(num_samples: int, world_size: int) -> int:
    """Returns how many samples are scored at a time: fewer need less memory for copies.

    Between ranks rounds are larger, since in each of them all ranks wait for one another.

    Args:
        num_samples (int): Number of samples of the data set.
        world_size (int): Number of ranks.
    """
    return max(1 << 17, num_samples // (8 if world_size == 1 else 4))


def _join_losses(losses: List[Union[torch.Tensor, float]]) -> torch.Tensor:
    if isinstance(losses[0], float):
        return torch.tensor(losses, dtype=torch.float32)
    return torch.cat(losses) if losses[0].ndim else torch.stack(losses)


def _as_tensor(values: array) -> torch.Tensor:
    dtype = torch.int32 if values.typecode == 'i' else torch.int64
    return torch.frombuffer(values, dtype=dtype) if values else torch.empty(0, dtype=dtype)
