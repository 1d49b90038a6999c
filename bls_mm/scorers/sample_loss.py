"""The latest true loss of each sample."""

import torch

from bls_mm.registry import SCORERS

from .scorer import Scorer


@SCORERS.register_module()
class SampleLossScorer(Scorer):
    """The loss that the sample itself had when it was last seen.

    What InfoBatch (ICLR 2024, arXiv 2303.04947) and SeTa (CVPR 2025, arXiv 2503.13385) use
    themselves, and the baseline of the Batch Loss Score's tables. It needs a model whose losses
    come unreduced, one value for each sample of the batch (``reduction='none'`` in many
    classification and text-recognition heads).

    Args:
        num_samples (int): Number of samples of the training set.
    """

    needs_sample_losses = True
    shardable = True

    def score(self, indices: torch.Tensor, loss: torch.Tensor) -> None:
        self.scores.numpy()[indices.numpy()] = loss.numpy()
