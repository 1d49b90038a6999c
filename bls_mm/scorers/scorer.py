"""Base class of all scorers: receives losses, counts visits and calls ``score``."""

import os
from abc import ABC, abstractmethod
from typing import Sequence, Union

import numpy as np
import torch

from bls_mm.checks import check_positive_int
from bls_mm.ops.long_arrays import shared_zeros

from .batches import (
    LossBatches,
    add_visits,
    check_lengths,
    check_range,
    drop_unusable,
    new_visits,
    reduce_loss,
    split_blocks,
    split_distinct,
)


class Scorer(ABC):
    """Keeps one score per sample: how much it is worth to train on the sample again.

    Users call :meth:`update` with each batch and read :attr:`scores`; the sampler does it for them.
    To write a scorer, implement :meth:`score`. If it keeps more than scores, also override
    :meth:`state_dict` and :meth:`load_state_dict`.

    Args:
        num_samples (int): Number of samples N of the training set.

    Attributes:
        scores (torch.Tensor): ``(N,)`` float32. The higher, the harder the sample.
        visits (torch.Tensor): ``(N,)``, how many times each sample was scored. uint8, and int16
            from the 256th visit of any sample on. Stops at 32,767.
        skipped (int): Number of losses that were not finite. They change no score.
    """

    needs_sample_losses = False
    """Whether :meth:`score` needs the loss of each sample instead of the mean of the batch."""
    accepts_any_loss = False
    """Whether a batch loss may count as the loss of each of its samples, if those are needed."""

    shardable = False
    """Whether ranks may hold the scores of different samples. The scorer must then keep no other
    state than scores and visits, except what :meth:`start` sets on all ranks alike."""

    def __init__(self, num_samples: int) -> None:
        check_positive_int('num_samples', num_samples, 'give the length of the training set')
        self.scores = torch.from_numpy(shared_zeros(num_samples, np.float32))
        self.visits = new_visits(num_samples)
        self.skipped = 0
        self._process = os.getpid()

    @abstractmethod
    def score(self, sizes: np.ndarray, indices: np.ndarray, losses: np.ndarray) -> None:
        """Updates ``self.scores[indices]``. The one method that a scorer must implement.

        All indices are distinct, with one exception: a batch that contains a sample twice comes
        alone (M = 1) and unchanged. :attr:`visits` does not count these batches yet.

        Args:
            sizes (np.ndarray): ``(M,)`` int64, at least 1: the number of samples of each batch.
            indices (np.ndarray): ``(sum of sizes,)`` int64, the samples of batch after batch.
            losses (np.ndarray): float32, finite. The loss of each batch, ``(M,)``, or of each
                sample, ``(sum of sizes,)``, if :attr:`needs_sample_losses`.
        """

    def start(self, loss: float) -> None:  # noqa: B027
        """Receives the first finite loss of a batch since the last sync, before it is scored.

        Called at each sync if scores are sharded, on all ranks with the same loss. A scorer that
        needs the first loss of the run notes in its state that it has it.
        """

    def update(
        self,
        indices: Union[torch.Tensor, Sequence[int]],
        loss: Union[torch.Tensor, Sequence[float], float],
    ) -> None:
        """Scores the samples of one batch.

        Args:
            indices (torch.Tensor or sequence): ``(B,)`` integers, the samples of the batch.
            loss (torch.Tensor or float): The batch loss, a scalar, or the loss of each sample,
                ``(B,)``. A loss that is not finite is skipped and counted.

        Raises:
            ValueError: If the shapes do not fit, or the scorer needs the loss of each sample.
            IndexError: If an index is outside ``[0, N)``.
        """
        indices = torch.as_tensor(indices, dtype=torch.int64).cpu().numpy()
        losses = self.as_loss(torch.as_tensor(loss).cpu(), len(indices)).numpy().reshape(-1)
        sizes = np.array([len(indices)])
        self._update(LossBatches(sizes, indices, losses, bool(self.needs_sample_losses)))

    def update_batches(self, sizes: np.ndarray, indices: np.ndarray, losses: np.ndarray) -> None:
        """Scores the samples of many batches, as ``ScoreStore`` does.

        The result is the same, bit for bit, as that of :meth:`update` for one batch after another.

        Args:
            sizes (np.ndarray): ``(M,)`` int64, the number of samples of each batch.
            indices (np.ndarray): ``(sum of sizes,)`` integers, the samples of batch after batch.
            losses (np.ndarray): float32. The loss of each batch, ``(M,)``, or of each sample,
                ``(sum of sizes,)``, if :attr:`needs_sample_losses`.

        Raises:
            ValueError: If the lengths of the arrays do not fit.
            IndexError: If an index is outside ``[0, N)``.
        """
        batches = LossBatches(sizes, indices, losses, bool(self.needs_sample_losses))
        check_lengths(batches)
        self._update(batches)

    def _update(self, batches: LossBatches) -> None:
        self._leave_shared_memory()
        num_samples = len(self.scores)
        check_range(batches.indices, num_samples)
        batches, num_bad = drop_unusable(batches)
        self.count_skipped(num_bad)
        for piece, samples in split_distinct(batches, num_samples):
            for block in split_blocks(piece):
                self.score(block.sizes, block.indices.astype(np.int64, copy=False), block.losses)
            self.visits = add_visits(self.visits, samples)

    def _leave_shared_memory(self) -> None:
        """In a forked process, copies the arrays: the parent must not see what it writes."""
        if os.getpid() != self._process:
            self.scores, self.visits = self.scores.clone(), self.visits.clone()
            self._process = os.getpid()

    def as_loss(self, loss: torch.Tensor, batch_size: int) -> torch.Tensor:
        """Checks a loss and reduces it to what :meth:`score` needs, on its device.

        Args:
            loss (torch.Tensor): Scalar, or ``(B,)``.
            batch_size (int): The number of samples B.

        Returns:
            torch.Tensor: float32, detached copy: ``(B,)`` if :attr:`needs_sample_losses`, otherwise
            the mean, a scalar.

        Raises:
            ValueError: If the shapes do not fit, or the scorer needs the loss of each sample.
        """
        if self.needs_sample_losses and self.accepts_any_loss and loss.ndim == 0:
            loss = loss.expand(batch_size)
        return reduce_loss(loss, batch_size, bool(self.needs_sample_losses), type(self).__name__)

    def use_sample_losses(self) -> None:
        """Scores by the loss of each sample from now on, as another rank does."""
        self.needs_sample_losses = True

    def use_memory(self, scores: torch.Tensor, visits: torch.Tensor) -> None:
        """Uses other memory for scores and visits. Fill it first: nothing is copied.

        Args:
            scores (torch.Tensor): ``(N,)`` float32 on the CPU.
            visits (torch.Tensor): ``(N,)`` int16 on the CPU. Visits in uint8 would move to new
                memory at the 256th visit.
        """
        self.scores, self.visits = scores, visits

    def count_skipped(self, number: int) -> None:
        """Adds to :attr:`skipped`, for example what other ranks skipped."""
        self.skipped += number

    def state_dict(self) -> dict:
        """Returns what a resumed run needs: tensors of shape ``(N,)``, and plain numbers."""
        return {'scores': self.scores, 'visits': self.visits, 'skipped': self.skipped}

    def load_state_dict(self, state: dict) -> None:
        """Restores what :meth:`state_dict` of a scorer of the same class returned.

        Raises:
            ValueError: If the state has another number of samples, or is of another scorer.
        """
        if state.keys() != self.state_dict().keys():
            raise ValueError(
                f'the scores to load are not of a {type(self).__name__}; resume with the scorer '
                'that the run started with, or forget the scores with BLSHook(reset_scores=True)'
            )
        if len(state['scores']) != len(self.scores):
            raise ValueError(
                f'the scores to load belong to {len(state["scores"])} samples, but the training '
                f'set has {len(self.scores)}; resume with the data set that the run started with, '
                'or forget the scores with BLSHook(reset_scores=True)'
            )
        self._leave_shared_memory()
        self.scores.copy_(state['scores'])
        if state['visits'].element_size() > self.visits.element_size():
            self.visits = new_visits(len(self.visits), np.int16)
        self.visits.copy_(state['visits'])
        self.skipped = int(state['skipped'])
