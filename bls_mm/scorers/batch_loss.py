"""The Batch Loss Score."""

import numpy as np

from bls_mm.checks import check_choice, is_number
from bls_mm.registry import SCORERS

from .scorer import Scorer


@SCORERS.register_module()
class BatchLossScorer(Scorer):
    r"""Exponential moving average of the loss of the batches that contained the sample.

    .. math:: s_i \leftarrow \alpha s_i + (1 - \alpha) L(B) \quad \text{for } i \in B

    Source: Batch Loss Score (CVPR 2026, arXiv 2604.04681), section 3 and algorithm 1.

    Args:
        num_samples (int): Number of samples of the training set.
        alpha (float): Weight of the old score, in ``[0, 1)``. With 0 a score is the loss of the
            last batch. Defaults to 0.7, as in the paper (its reference code uses 0.9).
        init (str): The score before the first visit. ``'first_batch'``: the loss of the first batch
            of the run, as in the paper. ``'zero'``: 0, as in the reference code; a sample with
            fewer visits then looks easier. Defaults to ``'first_batch'``.
    """

    shardable = True

    def __init__(self, num_samples: int, alpha: float = 0.7, init: str = 'first_batch') -> None:
        super().__init__(num_samples)
        if not is_number(alpha) or not 0 <= alpha < 1:
            raise ValueError(f'alpha must be in [0, 1), but got {alpha!r}; the paper uses 0.7')
        check_choice('init', init, ('first_batch', 'zero'))
        self.alpha = alpha
        self.awaits_first_batch = init == 'first_batch'

    def start(self, loss: float) -> None:
        if self.awaits_first_batch:
            self.scores.fill_(float(loss))
            self.awaits_first_batch = False

    def score(self, sizes: np.ndarray, indices: np.ndarray, losses: np.ndarray) -> None:
        self.start(losses[0])
        # numpy indexes several times as fast as torch does on a CPU.
        scores = self.scores.numpy()
        updated = scores[indices]
        updated *= np.float32(self.alpha)
        updated += (np.float32(1 - self.alpha) * losses).repeat(sizes)
        scores[indices] = updated

    def state_dict(self) -> dict:
        return {**super().state_dict(), 'awaits_first_batch': self.awaits_first_batch}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.awaits_first_batch = bool(state['awaits_first_batch'])
