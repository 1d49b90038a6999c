"""Losses that grow with the number of samples in a batch."""

import sys
from typing import Optional

from torch import nn

HEADS = 'mmyolo.models.dense_heads'
MULTIPLYING = ('YOLOv5Head', 'YOLOv5InsHead', 'YOLOv7Head', 'YOLOv8Head')


def grows_with_batch(model: nn.Module) -> Optional[bool]:
    """Whether the loss of a model grows with the batch: then the last, smaller batch looks easy.

    MMYOLO's heads of YOLOv5, v7 and v8 multiply their losses by the batch size (mmyolo 0.6.0). Loss
    modules with ``reduction='sum'`` add up the losses of the samples, unless the head divides them
    by the number of objects, as YOLOX does.

    Args:
        model (nn.Module): The model, unwrapped.

    Returns:
        bool, optional: None if its losses must be measured, see
        :func:`bls_mm.hooks.probe.sums_over_batch`.
    """
    heads = [module for module in model.modules() if _is_of_mmyolo(module)]
    if heads:
        return any(_source_of_loss(type(head)).__name__ in MULTIPLYING for head in heads)
    if any(getattr(module, 'reduction', None) == 'sum' for module in model.modules()):
        return None
    return False


def _is_of_mmyolo(module: nn.Module) -> bool:
    kind = getattr(sys.modules.get(HEADS), 'YOLOv5Head', None)  # which all its heads inherit
    return kind is not None and isinstance(module, kind)


def _source_of_loss(kind: type) -> type:
    """Returns the class of MMYOLO whose losses a head has, also a head that inherits them."""
    return next(
        base
        for base in kind.__mro__
        if base.__module__.startswith(HEADS) and 'loss_by_feat' in vars(base)
    )
