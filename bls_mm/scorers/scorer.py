"""What every scorer shares: bookkeeping of visits, and care with bad losses."""

import math
from abc import ABC, abstractmethod
from typing import Iterator, Sequence, Union

import numpy as np
import torch

MAX_VISITS = np.iinfo(np.int16).max
BLOCK = 1 << 16  # samples that are updated in one step: their scores stay in the cache


class Scorer(ABC):
    """Keeps one number for each sample: what it is worth to train on it again.

    Args:
        num_samples (int): Number of samples N of the training set.

    Attributes:
        scores (torch.Tensor): ``(N,)`` float32, in the unit of the loss.
        visits (torch.Tensor): ``(N,)``, how often each sample was scored: uint8, and int16 from
            the 256th visit of any sample on; stops counting at 32,767.
        skipped (int): Number of losses that were not finite, and therefore changed nothing.
    """

    needs_sample_losses = False
    """Whether :meth:`update` wants the loss of each sample, and not the mean of the batch."""

    shardable = False
    """Whether scores may lie in shards: all else that it keeps is then the same on every rank."""

    def __init__(self, num_samples: int) -> None:
        if not isinstance(num_samples, int) or num_samples < 1:
            raise ValueError(
                f'num_samples must be a positive integer, but got {num_samples!r}; '
                'give the length of the training set'
            )
        # Made by numpy, which asks for huge pages: random access is a fifth faster.
        self.scores = torch.from_numpy(np.full(num_samples, 0, dtype=np.float32))
        self.visits = torch.from_numpy(np.full(num_samples, 0, dtype=np.uint8))
        self.skipped = 0

    def update(
        self,
        indices: Union[torch.Tensor, Sequence[int]],
        loss: Union[torch.Tensor, Sequence[float], float],
    ) -> None:
        """Takes in the loss of one batch.

        Args:
            indices (torch.Tensor or sequence): ``(B,)`` integers, the samples of the batch.
            loss (torch.Tensor or float): The batch loss, one scalar; or ``(B,)``, the loss of each
                sample. What is not finite is skipped and counted.

        Raises:
            ValueError: If the shapes do not fit, or the scorer needs a loss of each sample.
            IndexError: If an index is outside ``[0, N)``.
        """
        indices = torch.as_tensor(indices, dtype=torch.int64)
        loss = self.reduce(torch.as_tensor(loss).to('cpu'), len(indices))
        if loss.ndim:
            finite = torch.isfinite(loss)
            self.skipped += int((~finite).sum())
            self._apply(indices[finite], loss[finite])
        elif math.isfinite(loss):
            self._apply(indices, loss)
        else:
            self.skipped += 1

    def start(self, loss: float) -> None:  # noqa: B027
        """Takes note of the loss of the first batch of the run, before any batch is scored.

        Args:
            loss (float): Where scores lie in shards it is the first batch of rank 0's.
        """

    def reduce(self, loss: torch.Tensor, batch_size: int) -> torch.Tensor:
        """Brings the loss of a batch into the form that scores need, on its device.

        Args:
            loss (torch.Tensor): Scalar, or ``(B,)``.
            batch_size (int): The number of samples B.

        Returns:
            torch.Tensor: float32, detached: ``(B,)`` where :attr:`needs_sample_losses`, else the
            scalar mean.

        Raises:
            ValueError: If the shapes do not fit, or the scorer needs a loss of each sample.
        """
        loss = loss.detach()
        if loss.ndim and loss.shape != (batch_size,):
            raise ValueError(
                f'loss has shape {tuple(loss.shape)} for a batch of {batch_size} samples; '
                'give one scalar, or one value for each sample'
            )
        if loss.ndim == 0 and self.needs_sample_losses and batch_size > 1:
            raise ValueError(
                f'{type(self).__name__} needs the loss of each sample, but got one scalar for '
                f"a batch of {batch_size}; make the model's loss unreduced (shape (B,)), "
                'or use BatchLossScorer'
            )
        if loss.ndim and not self.needs_sample_losses:
            return loss.float().mean()
        # A copy: the loss may be changed in place later, or lie in the memory of a CUDA graph.
        loss = loss.float().clone()
        return loss.reshape(batch_size) if self.needs_sample_losses else loss

    def update_many(self, sizes: torch.Tensor, indices: torch.Tensor, losses: torch.Tensor) -> None:
        """Takes in the losses of many batches: the same as to update by one after the other.

        Args:
            sizes (torch.Tensor): ``(M,)`` int64, the number of samples of each batch.
            indices (torch.Tensor): ``(sum of sizes,)`` integers, batch after batch.
            losses (torch.Tensor): float32: ``(M,)``, or ``(sum of sizes,)`` where
                :attr:`needs_sample_losses`.
        """
        # In numpy: torch would wake all its threads for each of many small steps.
        self._update_many(*self._drop_bad(sizes.numpy(), indices.numpy(), losses.numpy()))

    def _drop_bad(self, sizes, indices, losses) -> tuple:
        """Counts the losses that are not finite, and leaves them and their samples out."""
        finite = np.isfinite(losses)
        if finite.all():
            return sizes, indices, losses
        self.skipped += np.count_nonzero(~finite)
        good = finite if self.needs_sample_losses else np.repeat(finite, sizes)
        batch = np.repeat(np.arange(len(sizes)), sizes)[good]
        sizes = np.bincount(batch, minlength=len(sizes))
        sizes = sizes if self.needs_sample_losses else sizes[finite]
        return sizes, indices[good], losses[finite]

    def _update_many(self, sizes, indices, losses) -> None:
        """Takes in all at once if no sample comes twice; else either half on its own."""
        check_range(indices, len(self.scores))
        seen = np.zeros(len(self.scores), dtype=bool)
        for block in _blocks_of(len(indices)):
            seen[indices[block].astype(np.int64)] = True  # numpy casts slower
        if np.count_nonzero(seen) == len(indices):
            self._score_in_blocks(sizes, indices, losses)
            self._count_visits(slice(None), seen)
            return
        half = len(sizes) // 2
        samples = int(sizes[:half].sum())
        split = samples if self.needs_sample_losses else half
        if len(indices) > BLOCK and len(sizes) > 1:
            self._update_many(sizes[:half], indices[:samples], losses[:split])
            self._update_many(sizes[half:], indices[samples:], losses[split:])
            return
        ends = np.cumsum(sizes)[:-1]
        parts = np.split(losses, ends) if self.needs_sample_losses else losses
        for batch, loss in zip(np.split(indices, ends), parts):
            self.update(batch, loss)

    def _score_in_blocks(self, sizes, indices, losses) -> None:
        step = max(1, BLOCK * len(sizes) // max(len(indices), 1))
        done = 0
        for start in range(0, len(sizes), step):
            sizes_of_block = sizes[start : start + step]
            samples = slice(done, done + int(sizes_of_block.sum()))
            done = samples.stop
            losses_of_block = losses[
                samples if self.needs_sample_losses else slice(start, start + step)
            ]
            self._score_batches(sizes_of_block, indices[samples].astype(np.int64), losses_of_block)

    def _score_batches(self, sizes, indices, losses) -> None:
        """Takes in batches of samples that are all distinct."""
        loss = losses if self.needs_sample_losses else np.repeat(losses, sizes)
        self.score(torch.from_numpy(indices), torch.from_numpy(loss))

    def _apply(self, indices: torch.Tensor, loss: torch.Tensor) -> None:
        check_range(indices.numpy(), len(self.scores))
        self.score(indices, loss)
        self._count_visits(indices.numpy(), True)

    def _count_visits(self, samples, seen) -> None:
        """Adds one visit where ``seen``, of some samples."""
        counts = self.visits.numpy()[samples]
        if counts.dtype == np.uint8 and counts.max(initial=0) == np.iinfo(np.uint8).max:
            self.visits = self.visits.to(torch.int16)
            counts = self.visits.numpy()[samples]
        self.visits.numpy()[samples] = counts + (seen & (counts < MAX_VISITS))

    @abstractmethod
    def score(self, indices: torch.Tensor, loss: torch.Tensor) -> None:
        """Updates :attr:`scores` of some samples, in terms of their own scores and losses.

        Args:
            indices (torch.Tensor): ``(B,)`` integers: the samples of a batch, or of many batches
                if all are distinct.
            loss (torch.Tensor): float32, finite: ``(B,)`` the loss of each sample, or of the batch
                that it was in; or one scalar for all.
        """

    def state_dict(self) -> dict:
        """Returns what a resumed run needs, 5 or 6 bytes a sample.

        Tensors of one entry a sample, and plain numbers.
        """
        return {'scores': self.scores, 'visits': self.visits, 'skipped': self.skipped}

    def load_state_dict(self, state: dict) -> None:
        """Takes over the state of another scorer of the same kind.

        Args:
            state (dict): What :meth:`state_dict` returned.

        Raises:
            ValueError: If the state belongs to a data set of another length, or to another scorer.
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
        self.scores.copy_(state['scores'])
        if state['visits'].element_size() > self.visits.element_size():
            self.visits = torch.empty_like(state['visits'], device='cpu')
        self.visits.copy_(state['visits'])
        self.skipped = int(state['skipped'])


def check_range(indices: np.ndarray, num_samples: int) -> None:
    """Raises one sentence if an index is outside ``[0, num_samples)``."""
    if len(indices) and (indices.min() < 0 or indices.max() >= num_samples):
        raise IndexError(
            f'indices run from {indices.min()} to {indices.max()}, but the training set has '
            f'{num_samples} samples; give positions in the data set'
        )


def _blocks_of(length: int) -> Iterator[slice]:
    for start in range(0, length, BLOCK):
        yield slice(start, start + BLOCK)
