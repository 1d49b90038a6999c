"""A batch that a model was trained on, and what is said if it cannot be scored."""

from typing import NamedTuple, Optional, Union

import torch

from bls_mm.data import TrackedBatch

Loss = Union[torch.Tensor, float]

UNKNOWN_BATCH = (
    'BLS: the training step got a batch that the training loader did not yield, so its samples are '
    'not known and not scored; train on the batches of train_dataloader, unchanged'
)
NO_STEP = (
    "BLS: an iteration did not call the model's train_step, so the samples of its batch are not "
    'scored; call it for each batch also in your own training loop'
)
NO_LOSS = (
    "BLS: in a training step the model's forward was not called with mode='loss', so the samples "
    'of the batch are not scored; get the losses from it also in your own train_step'
)
SEVERAL_LOSSES = (
    'BLS: the model returned losses several times in one training step; their sum is the score'
)


class TrainedBatch(NamedTuple):
    """A batch that the model was trained on.

    Attributes:
        tracked (TrackedBatch, optional): Its samples and weights; None if they are not known.
        loss (torch.Tensor or float, optional): ``(B,)`` float32, detached, on the model's device if
            losses are per sample; otherwise the loss of the batch, see
            :func:`bls_mm.losses.batch_loss`. None if the step returned no loss.
    """

    tracked: Optional[TrackedBatch]
    loss: Optional[Loss]
