"""Reads the losses that the training step minimises, and scales their gradients."""

import warnings
from typing import Any, Callable, Dict, List, Optional, Set, Tuple, Union

import torch
from mmengine.model import BaseModel
from torch import nn

from bls_mm.compat import disable_compile
from bls_mm.data import TrackedBatch, TrackedLoader
from bls_mm.losses import scale_gradients

from .loss_reader import LossReader
from .model_method import ReplacedMethod, mode_reader, owner_of_step, unwrap

Loss = Union[torch.Tensor, float]
#: The samples and weights of a batch, if they are known, and its loss, if the step returned one.
TrainedBatch = Tuple[Optional[TrackedBatch], Optional[Loss]]

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
OWN_SUM = (
    'BLS: the model has its own parse_losses, and scores are the plain sum of its losses; if it '
    'weights them, give the weights to BLSHook(components=...)'
)
SEVERAL_LOSSES = (
    'BLS: the model returned losses several times in one training step; their sum is the score'
)


class LossTap:
    """Listens to a model from the start of a training step to its end.

    ``train_step`` says which batch is trained on, and ``forward(..., mode='loss')`` returns the
    losses before MMEngine's ``parse_losses``: what will be minimised, every component, not yet
    summed, logged, divided for accumulation, or scaled for mixed precision. Outside the training
    step it reads nothing and the model behaves as before, also after an exception.

    If the model is called several times in a step, the losses are summed.

    Args:
        model (nn.Module): The model of the runner, wrapped or not.
        loader (TrackedLoader): Knows the samples of its batches.
        per_sample (bool, optional): See :class:`LossReader`.
        components (dict[str, float], optional): See :class:`LossReader`.
        compiled (bool): Whether ``torch.compile`` works on the model. Defaults to False.
        check (Callable): Called with the :class:`TrackedBatch` and the batch before each training
            step on a batch of the loader. Defaults to nothing.
        warn (Callable): Called with each sentence about what is not scored or pruned, once in a
            run. Defaults to ``warnings.warn``.

    Attributes:
        reader (LossReader): Reads the losses.
    """

    def __init__(
        self,
        model: nn.Module,
        loader: TrackedLoader,
        per_sample: Optional[bool] = None,
        components: Optional[Dict[str, float]] = None,
        compiled: bool = False,
        check: Callable[[TrackedBatch, Any], None] = lambda tracked, data: None,
        warn: Callable[[str], None] = warnings.warn,
    ) -> None:
        self._check = check
        self._warn = warn
        self._warned: Set[str] = set()
        self._loader = loader
        self._trained: List[TrainedBatch] = []
        self._current: Optional[TrackedBatch] = None
        self._loss: Optional[Loss] = None  # of the current step so far
        self._was_training = True  # the mode of the model when the step began
        # torch.compile(model) passes calls of other methods on to `_orig_mod` (PyTorch 2.11).
        model = getattr(model, '_orig_mod', model)
        inner = unwrap(model)
        inner = getattr(inner, '_orig_mod', inner)
        inner = owner_of_step(inner)
        self._mode_of = mode_reader(inner)
        self.reader = LossReader(inner, per_sample, components, self.warn_once)
        # A compiler must not trace it: a graph would hold on to the weights of one batch. Checked
        # with PyTorch 2.11: `_compiled_call_impl` is set by `nn.Module.compile`.
        compiled = compiled or getattr(inner, '_compiled_call_impl', None) is not None
        self._read_losses = disable_compile(self._read_losses) if compiled else self._read_losses
        self._step = ReplacedMethod(model, 'train_step', self._train_step)
        self._forward = ReplacedMethod(inner, 'forward', self._call_forward)
        own_sum = getattr(type(inner), 'parse_losses', BaseModel.parse_losses)
        if own_sum is not BaseModel.parse_losses and components is None:
            self.warn_once(OWN_SUM)

    @property
    def is_in_step(self) -> bool:
        """Whether the model is in a training step on a batch of the loader."""
        return self._current is not None

    @property
    def has_trained(self) -> bool:
        """Whether there was a training step since the last :meth:`take`."""
        return bool(self._trained)

    def listen_to(self, loader: TrackedLoader) -> None:
        """Continues with another loader."""
        self._loader = loader

    def take(self) -> List[TrainedBatch]:
        """Returns the batches of the training steps since the last call, with their losses.

        A loss is ``(B,)`` float32, detached, on the model's device if losses are per sample;
        otherwise it is that of the batch, see :func:`bls_mm.losses.batch_loss`. An iteration
        without a training step counts as one on an unknown batch.
        """
        trained, self._trained = self._trained, []
        if trained:
            return trained
        self.warn_once(NO_STEP)
        return [(None, None)]

    def remove(self) -> None:
        """Gives the model its own methods back."""
        self._step.restore()
        self._forward.restore()

    def warn_once(self, sentence: str) -> None:
        """Passes a sentence on to ``warn``, if it is new in the run."""
        if sentence not in self._warned:
            self._warned.add(sentence)
            self._warn(sentence)

    def _train_step(self, original: Callable, data: Any, *args: Any, **kwargs: Any) -> Any:
        tracked = self._loader.claim(data)
        if tracked is None:
            self.warn_once(UNKNOWN_BATCH)
            self._trained.append((None, None))
            return original(data, *args, **kwargs)
        self._check(tracked, data)
        self._current, self._was_training = tracked, self._forward.model.training
        try:
            if self.reader.per_sample is False:
                result = original(data, *args, **kwargs)
            else:
                with self.reader.sample_losses:
                    result = original(data, *args, **kwargs)
        finally:
            loss, self._loss, self._current = self._loss, None, None
        if loss is None:
            self.warn_once(NO_LOSS)
        self._trained.append((tracked, loss))
        return result

    def _call_forward(self, original: Callable, *args: Any, **kwargs: Any) -> Any:
        losses = original(*args, **kwargs)
        if self._current is None:
            return losses
        mode = kwargs['mode'] if 'mode' in kwargs else self._mode_of(args)
        if mode != 'loss':
            return losses
        return self._read_losses(losses, original, args, kwargs)

    def _read_losses(self, losses: Any, forward: Callable, args: tuple, kwargs: dict) -> Any:
        # An evaluation within a step, or a pass without gradient, minimises nothing. A model that
        # begins the step in evaluation mode is trained so, with frozen BatchNorm and dropout.
        is_other_mode = self._forward.model.training is not self._was_training
        if is_other_mode or not torch.is_grad_enabled():
            return losses
        if not isinstance(losses, dict):
            raise TypeError(
                f'{type(self._forward.model).__name__} returned {type(losses).__name__} in '
                "mode='loss'; BLSHook needs the dict of losses that MMEngine models return"
            )
        samples, weights, batch_weight = self._current
        # Read at once: keeping the losses would keep the graph of the iteration alive.
        has_weights = weights is not None
        loss = self.reader.read(losses, len(samples), has_weights, forward, args, kwargs)
        if self._loss is not None:
            self.warn_once(SEVERAL_LOSSES)
            loss = self._loss + loss
        self._loss = loss
        if weights is None:
            return losses
        return scale_gradients(losses, weights, batch_weight, self.reader.names_per_sample)
