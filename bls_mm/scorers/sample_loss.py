"""The latest loss of each sample."""

import numpy as np

from bls_mm.registry import SCORERS

from .scorer import Scorer


@SCORERS.register_module()
class SampleLossScorer(Scorer):
    r"""The loss of each sample at its last visit.

    .. math:: s_i \leftarrow l_i \quad \text{for } i \in B

    InfoBatch (ICLR 2024, arXiv 2303.04947) and SeTa (CVPR 2025, arXiv 2503.13385) use this score.
    It is the baseline in the tables of the Batch Loss Score. The model must return unreduced
    losses, one value for each sample of the batch. Many classification and text recognition heads
    do so with ``reduction='none'``.

    Args:
        num_samples (int): Number of samples of the training set.
    """

    needs_sample_losses = True
    shardable = True

    def score(self, sizes: np.ndarray, indices: np.ndarray, losses: np.ndarray) -> None:
        self.scores.numpy()[indices] = losses
