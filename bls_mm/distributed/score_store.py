"""Scores, the losses that wait to become scores, and where both are."""

from array import array
from typing import Iterable, List, Sequence, Union

import numpy as np
import torch

from bls_mm.scorers import Scorer
from bls_mm.scorers.batches import check_range

from .exchange import SeenBatches, exchange_batches, first_loss, is_true_on_any
from .placement import Placement

JOIN = 1024  # batches that are joined at a time


class ScoreStore:
    """Owns the scorer, the pending losses, and the placement of scores.

    There is one path for a loss: :meth:`update` collects it, :meth:`sync` scores it on all ranks
    alike.

    Args:
        scorer (Scorer): Scores ``placement.local_size`` samples.
        placement (Placement): Where scores are.
        world_size (int): Number of ranks.

    Attributes:
        scorer (Scorer): Its ``scores`` and ``visits`` are up to date after :meth:`sync`.
    """

    def __init__(self, scorer: Scorer, placement: Placement, world_size: int) -> None:
        placement.place(scorer)
        self.scorer = scorer
        self.placement = placement
        self.world_size = world_size
        self._pending = PendingBatches(placement.local_size)
        self._round_size = choose_round_size(placement.num_samples, world_size)

    def update(self, samples: Sequence[int], loss: Union[torch.Tensor, float]) -> None:
        """Collects the loss of a batch. It never waits for a device or another rank.

        A single rank scores its losses whenever a round of them has arrived, which bounds memory.

        Args:
            samples (sequence[int]): ``(B,)``, the samples of the batch.
            loss (torch.Tensor or float): Scalar, or ``(B,)``; see :meth:`Scorer.update`.

        Raises:
            ValueError: If the scorer needs one loss per sample and gets another shape.
        """
        if not isinstance(loss, float) or self.scorer.needs_sample_losses is not False:
            loss = self.scorer.as_loss(torch.as_tensor(loss), len(samples))
            if loss.ndim == 0 and loss.is_cpu:
                loss = loss.item()  # far cheaper to collect than a tensor
        self._pending.append(self.placement.positions_of(samples), loss)
        is_full = self._pending.num_indices >= self._round_size
        if is_full and self.world_size == 1 and (isinstance(loss, float) or loss.is_cpu):
            self.sync()

    def sync(self) -> None:
        """Scores all pending losses; all ranks must call it together."""
        if self.world_size == 1 and len(self._pending) == 0:
            return
        skipped = self.scorer.skipped
        for batches in self._exchange(self._pending.drain()):
            if self.placement.writes:
                self.scorer.update_batches(*(part.numpy() for part in batches))
        mine = self.scorer.skipped - skipped
        self.scorer.count_skipped(self.placement.agree_on(mine) - mine)

    def _exchange(self, seen: SeenBatches) -> Iterable[SeenBatches]:
        """Returns the batches that this rank scores: those of all ranks, or of its own shard."""
        if self.world_size == 1:
            return [seen]
        if self.placement.size == 1:
            seen = self._agree_on_kind(seen)
            return exchange_batches(seen, self.scorer.needs_sample_losses, self._round_size)
        start = first_loss(seen)  # the same on every rank
        if start is not None:
            self.scorer.start(start)
        return [seen]

    def _agree_on_kind(self, seen: SeenBatches) -> SeenBatches:
        """Lets all ranks score the loss of each sample if any of them does.

        Each rank decides with its own first batch. Where that had no sample losses, each sample
        gets the loss of its batch.
        """
        scorer = self.scorer
        has_sample_losses = bool(scorer.needs_sample_losses)
        if not scorer.accepts_any_loss or not is_true_on_any(has_sample_losses):
            return seen
        scorer.use_sample_losses()
        if has_sample_losses:
            return seen
        return seen._replace(losses=seen.losses.repeat_interleave(seen.sizes))

    def load_state_dict(self, state: dict) -> None:
        """Loads the state of a scorer, and forgets the pending losses."""
        self._pending.clear()
        self.scorer.load_state_dict(state)


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
