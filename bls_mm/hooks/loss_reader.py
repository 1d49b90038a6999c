"""Reads the loss of a batch, or of each of its samples, from what a model returns."""

import sys
import warnings
from typing import Callable, Dict, Optional, Set, Union

import torch
from torch import nn

from bls_mm.losses import batch_loss, is_loss, loss_components, names_per_sample

from .per_sample_losses import PerSampleLosses
from .probe import find_sample_losses, sums_over_batch

HEADS = 'mmyolo.models.dense_heads'
MULTIPLYING = ('YOLOv5Head', 'YOLOv5InsHead', 'YOLOv7Head', 'YOLOv8Head')
NO_SAMPLE_LOSSES = (
    'BLS: the model no longer returns the loss of each sample, so each sample gets the loss of its '
    'batch from now on'
)


class LossReader:
    """Reads the losses of a model, and finds out with the first batches what they are.

    A batch loss that grows with the number of samples is divided by it.

    The losses may change within a run: a hook exchanges the loss module, or a run resumes on more
    ranks. If the first batch had the loss of each sample and a later one does not, the batch loss
    of the later one is read.

    Args:
        model (nn.Module): The model, unwrapped.
        per_sample (bool, optional): Whether to read the loss of each sample, or of the batch. None:
            the first batch decides; per sample if the model returns the loss of each sample.
        components (dict[str, float], optional): Loss components to read, and their weights.
        warn (Callable): Called with a sentence if a batch has no sample losses. Defaults to
            ``warnings.warn``.

    Attributes:
        per_sample (bool, optional): As above; decided after the first batch.
        is_required (bool): Whether it was given as True: a batch without sample losses is an error.
        sample_losses (PerSampleLosses, optional): To be entered during a training step, unless
            ``per_sample`` is False.
        names_per_sample (set[str]): The losses of the last batch that are known to have one value
            for each sample; empty if nobody needs to know.
    """

    def __init__(
        self,
        model: nn.Module,
        per_sample: Optional[bool] = None,
        components: Optional[Dict[str, float]] = None,
        warn: Callable[[str], None] = warnings.warn,
    ) -> None:
        self.components = components
        self.per_sample: Optional[bool] = None
        self.is_required = per_sample is True
        self.sample_losses: Optional[PerSampleLosses] = None
        self.names_per_sample: Set[str] = set()
        self._grew: Dict[str, bool] = {}  # whether a loss has one more entry for one more sample
        self._model = model
        self._warn = warn
        self._is_decided = False  # whether a batch without weights has nothing left to find out
        self._falls_back = False  # whether a batch without sample losses has come
        self._grows_with_batch = grows_with_batch(model)
        self.read_per_sample(per_sample)

    def read_per_sample(self, per_sample: Optional[bool]) -> None:
        """Sets which losses are read, as a resumed run must."""
        self.per_sample, self._is_decided = per_sample, False
        if per_sample is not False and self.sample_losses is None:
            self.sample_losses = PerSampleLosses(self._model, self.is_required)

    def read(
        self,
        losses: dict,
        batch_size: int,
        has_weights: bool,
        forward: Callable,
        args: tuple,
        kwargs: dict,
    ) -> Union[torch.Tensor, float]:
        """Returns the loss that is scored, detached: of each sample, or of the batch.

        It finds out what kind of losses the model returns, by more calls if there is no other way.

        Args:
            losses (dict): What the model returned.
            batch_size (int): Number of samples of the batch.
            has_weights (bool): Whether the samples of the batch have loss weights.
            forward (Callable): Its method ``forward``.
            args (tuple): Positional arguments of the call.
            kwargs (dict): Keyword arguments of the call.
        """
        if has_weights or not self._is_decided:
            call = (self._model, forward, args, kwargs, batch_size)
            self._decide(losses, batch_size, has_weights, call)
        if self.per_sample and self._has_sample_losses(losses, batch_size):
            return self.sample_losses.read(losses, batch_size, self.components)
        loss = batch_loss(losses, self.components)
        return loss / batch_size if self._grows_with_batch else loss

    def _decide(self, losses: dict, batch_size: int, has_weights: bool, call: tuple) -> None:
        is_needed = has_weights or (self.per_sample is not False and not self.is_required)
        candidates = names_per_sample(losses, batch_size) if is_needed else set()
        self.names_per_sample = candidates
        self._is_decided = self.per_sample is False and self._grows_with_batch is not None
        if self._is_decided and not candidates:
            return
        if candidates:
            self.names_per_sample = self._find_names(candidates, losses, call)
        if self.per_sample is None:
            self.per_sample = self._has_sample_losses(losses, batch_size)
        has_none = self.per_sample and not self._has_sample_losses(losses, batch_size)
        if has_none and not self._falls_back:
            self._falls_back = True
            self._grows_with_batch = grows_with_batch(self._model)  # its loss may be another one
            self._warn(NO_SAMPLE_LOSSES)
        if self._grows_with_batch is None and (has_none or not self.per_sample) and batch_size > 1:
            self._grows_with_batch = sums_over_batch(*call, self.components)

    def _find_names(self, candidates: Set[str], losses: dict, call: tuple) -> Set[str]:
        """Returns which candidates have one value for each sample, and not by chance as many."""
        scored = {name for name, _, _ in loss_components(losses, self.components)}
        candidates = {name for name in candidates if is_loss(name) or name in scored}
        is_known = self.sample_losses is not None and self.sample_losses.is_known
        if is_known or (call[-1] == 1 and self.per_sample is not None):
            return candidates
        known = scored if self.is_required else set()
        new = candidates - known - self._grew.keys()
        if new:
            grown = find_sample_losses(*call)
            self._grew.update({name: name in grown for name in new})
        return {name for name in candidates if name in known or self._grew[name]}

    def _has_sample_losses(self, losses: dict, batch_size: int) -> bool:
        if self.is_required or self.sample_losses.has_images(losses, batch_size):
            return True  # if required, reading others raises an error
        scored = {name for name, _, _ in loss_components(losses, self.components)}
        return bool(scored) and scored <= self.names_per_sample

    def take_seconds(self) -> float:
        """Returns the seconds that losses beyond those of the step took since the last call."""
        return 0.0 if self.sample_losses is None else self.sample_losses.take_seconds()


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
