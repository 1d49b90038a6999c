"""What every scorer shares: bookkeeping of visits, and care with bad losses."""

from abc import ABC, abstractmethod
from typing import Sequence, Union

import torch

MAX_VISITS = torch.iinfo(torch.int16).max


class Scorer(ABC):
    """Keeps one number for each sample: what it is worth to train on it again.

    Args:
        num_samples (int): Number of samples N of the training set.

    Attributes:
        scores (torch.Tensor): ``(N,)`` float32, in the unit of the loss.
        visits (torch.Tensor): ``(N,)`` int16, how often each sample was scored; stops counting
            at 32,767.
        skipped (int): Number of losses that were not finite, and therefore changed nothing.
    """

    needs_sample_losses = False
    """Whether :meth:`update` wants the loss of each sample, and not the mean of the batch."""

    def __init__(self, num_samples: int) -> None:
        if not isinstance(num_samples, int) or num_samples < 1:
            raise ValueError(
                f'num_samples must be a positive integer, but got {num_samples!r}; '
                'give the length of the training set'
            )
        self.scores = torch.zeros(num_samples, dtype=torch.float32)
        self.visits = torch.zeros(num_samples, dtype=torch.int16)
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
        loss = torch.as_tensor(loss).detach().to('cpu', torch.float32)
        if loss.ndim and loss.shape != indices.shape:
            raise ValueError(
                f'loss has shape {tuple(loss.shape)} for a batch of {len(indices)} samples; '
                'give one scalar, or one value for each sample'
            )
        if self.needs_sample_losses:
            if loss.ndim == 0 and len(indices) > 1:
                raise ValueError(
                    f'{type(self).__name__} needs the loss of each sample, but got one scalar for '
                    f"a batch of {len(indices)}; make the model's loss unreduced (shape (B,)), "
                    'or use BatchLossScorer'
                )
            loss = loss.expand(len(indices))
            finite = torch.isfinite(loss)
            self.skipped += int((~finite).sum())
            indices, loss = indices[finite], loss[finite]
        else:
            loss = loss.mean()
            if not torch.isfinite(loss):
                self.skipped += 1
                return
        self._check_range(indices)
        self.score(indices, loss)
        self.visits[indices] = self.visits[indices].clamp(max=MAX_VISITS - 1) + 1

    @abstractmethod
    def score(self, indices: torch.Tensor, loss: torch.Tensor) -> None:
        """Updates :attr:`scores` of a batch whose loss is finite.

        Args:
            indices (torch.Tensor): ``(B,)`` int64.
            loss (torch.Tensor): float32 scalar; ``(B,)`` where :attr:`needs_sample_losses`.
        """

    def state_dict(self) -> dict:
        """Returns what a resumed run needs: tensors and plain numbers, 5 or 6 bytes a sample."""
        few = int(self.visits.max()) <= torch.iinfo(torch.uint8).max
        visits = self.visits.to(torch.uint8) if few else self.visits
        return {'scores': self.scores, 'visits': visits, 'skipped': self.skipped}

    def load_state_dict(self, state: dict) -> None:
        """Takes over the state of another scorer of the same kind.

        Args:
            state (dict): What :meth:`state_dict` returned.

        Raises:
            ValueError: If the state belongs to a data set of another length.
        """
        if len(state['scores']) != len(self.scores):
            raise ValueError(
                f'the scores to load belong to {len(state["scores"])} samples, but the training '
                f'set has {len(self.scores)}; resume with the data set that the run started with, '
                'or forget the scores with BLSHook(reset_scores=True)'
            )
        self.scores.copy_(state['scores'])
        self.visits.copy_(state['visits'])
        self.skipped = int(state['skipped'])

    def _check_range(self, indices: torch.Tensor) -> None:
        if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < len(self.scores):
            raise IndexError(
                f'indices run from {int(indices.min())} to {int(indices.max())}, but the training '
                f'set has {len(self.scores)} samples; give positions in the data set'
            )
