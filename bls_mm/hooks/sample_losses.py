"""Makes models tell the loss of each sample, where its mean stays the loss that it was."""

import sys
from typing import Callable, List, Optional, Tuple

import torch
from torch import nn


class SampleLosses:
    """Makes known losses of a model come as vectors of the batch.

    MMEngine's ``parse_losses`` takes their mean, so that what is logged and minimised is the same
    number as before, to rounding, and so is every gradient. It knows

    - classification heads of MMPretrain with softmax cross entropy, label smoothing included;
    - MMOCR's CTC loss, whose mean divides each sample's loss by the length of its text;
    - MMOCR's cross entropy of characters: each sample's share of the mean over all characters.

    Everything else stays as it is.
    """

    def __init__(self) -> None:
        self._asked: Tuple[Optional[nn.Module], ...] = ()
        self._undo: List[Callable] = []

    def ask(self, model: nn.Module) -> None:
        """Changes the losses that a model has now, until :meth:`undo`.

        Args:
            model (nn.Module): The model, unwrapped.
        """
        head = getattr(model, 'head', None)
        is_classification = _is_a(head, 'mmpretrain.models.heads.cls_head', 'ClsHead')
        of_classes = head.loss_module if is_classification else None
        loss = getattr(getattr(model, 'decoder', None), 'module_loss', None)
        if self._asked == (of_classes, loss):
            return
        self.undo()
        self._asked = of_classes, loss
        self._classification(of_classes)
        if _is_a(loss, 'mmocr.models.textrecog.module_losses.ctc_module_loss', 'CTCModuleLoss'):
            self._ctc(loss.ctc_loss)
        elif _is_a(loss, 'mmocr.models.textrecog.module_losses.ce_module_loss', 'CEModuleLoss'):
            self._characters(loss)

    def undo(self) -> None:
        """Makes the model's losses what they were."""
        self._asked = ()
        while self._undo:
            self._undo.pop()()

    def _classification(self, loss: Optional[nn.Module]) -> None:
        package = 'mmpretrain.models.losses.'
        if _is_a(loss, package + 'label_smooth_loss', 'LabelSmoothLoss'):
            loss = loss.ce  # which does the reduction
        if _is_a(loss, package + 'cross_entropy_loss', 'CrossEntropyLoss') and not loss.use_sigmoid:
            self._unreduce(loss)

    def _ctc(self, loss: nn.CTCLoss) -> None:
        if loss.reduction != 'mean':
            return

        def share(module, args, output):
            target_lengths = torch.as_tensor(args[3], device=output.device)
            return output / target_lengths.clamp(min=1)

        self._unreduce(loss)
        self._undo.append(loss.register_forward_hook(share).remove)

    def _characters(self, loss: nn.Module) -> None:
        reduction = loss.loss_ce.reduction
        if reduction not in ('mean', 'none'):
            return

        def share(module, args, output):
            data_samples = args[1]
            losses = output['loss_ce'].reshape(len(data_samples), -1)
            if reduction == 'none':
                return {**output, 'loss_ce': losses.mean(1)}
            texts = torch.stack([sample.gt_text.padded_indexes for sample in data_samples])
            texts = texts[:, 1:] if module.ignore_first_char else texts
            num_counted = (texts != module.ignore_index).sum().to(losses.device)
            return {**output, 'loss_ce': losses.sum(1) * len(data_samples) / num_counted}

        self._unreduce(loss.loss_ce)
        self._undo.append(loss.register_forward_hook(share).remove)

    def _unreduce(self, loss: nn.Module) -> None:
        reduction = loss.reduction
        if reduction == 'mean':
            loss.reduction = 'none'
            self._undo.append(lambda: setattr(loss, 'reduction', reduction))


def _is_a(module: nn.Module, package: str, name: str) -> bool:
    """Whether a module is of a class of a library, which need not be there."""
    return package in sys.modules and isinstance(module, getattr(sys.modules[package], name))
