"""The Batch Loss Score."""

import numpy as np
import torch

from bls_mm.registry import SCORERS

from .scorer import Scorer


@SCORERS.register_module()
class BatchLossScorer(Scorer):
    r"""Exponential moving average of the mean loss of the batches that a sample was in.

    .. math:: s_i \leftarrow \alpha s_i + (1 - \alpha) L(B) \quad \text{for } i \in B

    Source: Batch Loss Score (CVPR 2026, arXiv 2604.04681), section 3 and algorithm 1.

    Args:
        num_samples (int): Number of samples of the training set.
        alpha (float): How much of the old score is kept, in ``[0, 1)``; 0 remembers the last batch
            only. Defaults to 0.7, the paper's choice (its reference code uses 0.9).
        init (str): The score before the first visit. ``'first_batch'``: the loss of the first batch
            of the run, as in the paper. ``'zero'``: 0, as in the reference code; a sample then
            looks easier the less often it was seen. Defaults to ``'first_batch'``.
    """

    shardable = True

    def __init__(self, num_samples: int, alpha: float = 0.7, init: str = 'first_batch') -> None:
        super().__init__(num_samples)
        if not isinstance(alpha, (int, float)) or not 0 <= alpha < 1:
            raise ValueError(f'alpha must be in [0, 1), but got {alpha!r}; the paper uses 0.7')
        if init not in ('first_batch', 'zero'):
            raise ValueError(f"init must be 'first_batch' or 'zero', but got {init!r}")
        self.alpha = alpha
        self.awaits_first_batch = init == 'first_batch'

    def start(self, loss: float) -> None:
        if self.awaits_first_batch:
            self.scores.fill_(float(loss))
            self.awaits_first_batch = False

    def score(self, indices: torch.Tensor, loss: torch.Tensor) -> None:
        if self.awaits_first_batch:
            self.start(loss.reshape(-1)[0])
        # In numpy, which indexes several times as fast as torch does on a CPU.
        scores, indices = self.scores.numpy(), indices.numpy()
        updated = scores[indices]
        updated *= np.float32(self.alpha)
        updated += np.float32(1 - self.alpha) * loss.numpy()
        scores[indices] = updated

    def state_dict(self) -> dict:
        return {**super().state_dict(), 'awaits_first_batch': self.awaits_first_batch}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.awaits_first_batch = bool(state['awaits_first_batch'])
