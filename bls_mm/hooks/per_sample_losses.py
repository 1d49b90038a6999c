"""Lets known models return the loss of each sample; the mean stays the loss that it was."""

import sys
from typing import Any, Callable, Dict, List, Optional

import torch
from torch import nn

from bls_mm.losses import sample_losses

from .dense_head_losses import DenseHeadLosses


class PerSampleLosses:
    """A context in which known losses of a model are vectors over the batch.

    MMEngine's ``parse_losses`` takes their mean, so the logged and minimised number is the same up
    to rounding, and so is every gradient. Outside the context the model is as it was. It knows

    - classification heads of MMPretrain with softmax cross entropy, including label smoothing;
    - MMOCR's CTC loss, whose mean divides the loss of each sample by the length of its text;
    - MMOCR's cross entropy of characters: each sample's part of the mean over all characters;
    - MMOCR's loss of ABINet: the same for its visual, language and fused predictions.

    Single-stage detectors return what they returned, and :meth:`of_images` knows the loss of each
    image (:class:`DenseHeadLosses`). Everything else stays as it is.

    Args:
        model (nn.Module): The model, unwrapped. Its losses are looked up each time, since hooks may
            exchange them during a run.
        is_required (bool): See :class:`DenseHeadLosses`. Defaults to True.
    """

    def __init__(self, model: nn.Module, is_required: bool = True) -> None:
        self._model = model
        self._undo: List[Callable] = []
        self._dense_head = DenseHeadLosses(model, is_required)

    def __enter__(self) -> None:
        self._dense_head.__enter__()
        head = getattr(self._model, 'head', None)
        if _is_a(head, 'mmpretrain.models.heads.cls_head', 'ClsHead'):
            self._unreduce_classification(head.loss_module)
        loss = getattr(getattr(self._model, 'decoder', None), 'module_loss', None)
        package = 'mmocr.models.textrecog.module_losses.'
        if _is_a(loss, package + 'ctc_module_loss', 'CTCModuleLoss'):
            self._unreduce_ctc(loss.ctc_loss)
        elif _is_a(loss, package + 'ce_module_loss', 'CEModuleLoss'):
            self._unreduce_characters(loss)
        elif _is_a(loss, package + 'abi_module_loss', 'ABIModuleLoss'):
            self._unreduce_abinet(loss)

    @property
    def is_known(self) -> bool:
        """Whether the context is active and the model's losses are known."""
        return bool(self._undo)

    def of_images(
        self, losses: dict, components: Optional[Dict[str, float]] = None
    ) -> Optional[torch.Tensor]:
        """Returns the loss of each image of a detector; see :meth:`DenseHeadLosses.of`."""
        return self._dense_head.of(losses, components)

    def has_images(self, losses: dict, batch_size: int) -> bool:
        """Whether the loss of each image of a detector is known, one for each sample."""
        return self._dense_head.count(losses) == batch_size

    def take_seconds(self) -> float:
        """Returns the seconds that losses of images took since the last call."""
        return self._dense_head.take_seconds()

    def read(
        self, losses: dict, batch_size: int, components: Optional[Dict[str, float]] = None
    ) -> torch.Tensor:
        """Returns the loss of each sample; see :meth:`of_images` and :func:`sample_losses`."""
        of_images = self.of_images(losses, components)
        return sample_losses(losses, batch_size, components) if of_images is None else of_images

    def __exit__(self, *error: Any) -> None:
        self._dense_head.__exit__(*error)
        while self._undo:
            self._undo.pop()()

    def _unreduce_classification(self, loss: nn.Module) -> None:
        package = 'mmpretrain.models.losses.'
        if _is_a(loss, package + 'label_smooth_loss', 'LabelSmoothLoss'):
            loss = loss.ce  # which does the reduction
        if _is_a(loss, package + 'cross_entropy_loss', 'CrossEntropyLoss') and not loss.use_sigmoid:
            self._unreduce(loss)

    def _unreduce_ctc(self, loss: nn.CTCLoss) -> None:
        if loss.reduction != 'mean':
            return

        def divide_by_length(module, args, output):
            target_lengths = torch.as_tensor(args[3], device=output.device)
            return output / target_lengths.clamp(min=1)

        self._unreduce(loss)
        self._undo.append(loss.register_forward_hook(divide_by_length).remove)

    def _unreduce_characters(self, loss: nn.Module) -> None:
        reduction = loss.loss_ce.reduction
        if reduction not in ('mean', 'none'):
            return

        def sum_characters(module, args, output):
            data_samples = args[1]
            losses = output['loss_ce'].reshape(len(data_samples), -1)
            if reduction == 'none':
                return {**output, 'loss_ce': losses.mean(1)}
            texts = torch.stack([sample.gt_text.padded_indexes for sample in data_samples])
            texts = texts[:, 1:] if module.ignore_first_char else texts
            num_counted = (texts != module.ignore_index).sum().to(losses.device)
            return {**output, 'loss_ce': losses.sum(1) * len(data_samples) / num_counted}

        self._unreduce(loss.loss_ce)
        self._undo.append(loss.register_forward_hook(sum_characters).remove)

    def _unreduce_abinet(self, loss: nn.Module) -> None:
        heard: List[torch.Tensor] = []  # of each decoder, in the order of the calls

        def hear(module, args, output):
            heard.append(output['loss_ce'])

        def join_decoders(module, args, output):
            vectors = iter(heard.copy())
            heard.clear()
            decoders = args[0]
            counts = dict(
                loss_visual=int(bool(decoders.get('out_vis'))),
                loss_lang=len(decoders.get('out_langs') or ()),
                loss_fusion=len(decoders.get('out_fusers') or ()),
            )
            weights = (module.weight_vis, module.weight_lang, module.weight_fusion)
            return {
                name: weight * torch.stack([next(vectors) for _ in range(count)]).mean(0)
                for (name, count), weight in zip(counts.items(), weights)
                if count
            }

        self._unreduce_characters(loss._ce_loss)
        self._undo.append(loss._ce_loss.register_forward_hook(hear).remove)
        self._undo.append(loss.register_forward_hook(join_decoders).remove)

    def _unreduce(self, loss: nn.Module) -> None:
        reduction = loss.reduction
        if reduction == 'mean':
            loss.reduction = 'none'
            self._undo.append(lambda: setattr(loss, 'reduction', reduction))


def _is_a(module: nn.Module, package: str, name: str) -> bool:
    """Whether a module is of a class of a library, which may not be installed."""
    return package in sys.modules and isinstance(module, getattr(sys.modules[package], name))
