"""Reads the losses that the training step minimises, and scales their gradients."""

from contextlib import nullcontext
from typing import Any, Callable, Dict, List, Optional, Set

import torch
from torch import nn

from bls_mm.compat import disable_compile
from bls_mm.data import TrackedBatch, TrackedLoader
from bls_mm.losses import are_per_sample, batch_loss, scale_gradients

from .batch_size_factor import grows_with_batch
from .gradients import unwrap
from .mode_reader import mode_reader
from .model_method import ReplacedMethod
from .per_sample_losses import PerSampleLosses
from .probe import returns_sample_losses, sums_over_batch
from .trained_batch import (
    NO_LOSS,
    NO_STEP,
    SEVERAL_LOSSES,
    UNKNOWN_BATCH,
    Loss,
    TrainedBatch,
)


class LossTap:
    """Listens to a model from the start of a training step to its end.

    ``train_step`` says which batch is trained on, and ``forward(..., mode='loss')`` returns the
    losses before MMEngine's ``parse_losses``: what will be minimised, every component, not yet
    summed, logged, divided for accumulation, or scaled for mixed precision. Outside the training
    step nothing is heard and the model is as it was, also after an exception.

    If the model is called several times in a step, the losses are summed. A batch loss that grows
    with the number of samples is divided by it.

    Args:
        model (nn.Module): The model of the runner, wrapped or not.
        loader (TrackedLoader): Knows the samples of its batches.
        per_sample (bool, optional): Whether to read the loss of each sample, or of the batch. None:
            the first batch decides; per sample if the model returns the loss of each sample.
        components (dict[str, float], optional): Loss components to read, and their weights.
        compiled (bool): Whether ``torch.compile`` works on the model. Defaults to False.

    Attributes:
        per_sample (bool, optional): As above; decided after the first batch.
    """

    def __init__(
        self,
        model: nn.Module,
        loader: TrackedLoader,
        per_sample: Optional[bool] = None,
        components: Optional[Dict[str, float]] = None,
        compiled: bool = False,
    ) -> None:
        self.per_sample = per_sample
        self.components = components
        self._notices: List[str] = []
        self._noticed: Set[str] = set()
        self._loader = loader
        self._trained: List[TrainedBatch] = []
        self._current: Optional[TrackedBatch] = None
        self._losses: List[Loss] = []
        # torch.compile(model) passes calls of other methods on to `_orig_mod` (PyTorch 2.11).
        model = getattr(model, '_orig_mod', model)
        inner = unwrap(model)
        inner = getattr(inner, '_orig_mod', inner)
        self._mode_of = mode_reader(inner)
        self._per_sample_losses = PerSampleLosses(inner)
        self._grows_with_batch = grows_with_batch(inner)
        # A compiler must not trace it: a graph would hold on to the weights of one batch. Checked
        # with PyTorch 2.11: `_compiled_call_impl` is set by `nn.Module.compile`.
        compiled = compiled or getattr(inner, '_compiled_call_impl', None) is not None
        self._hear = disable_compile(self._hear) if compiled else self._hear
        self._step = ReplacedMethod(model, 'train_step', self._train_step)
        self._forward = ReplacedMethod(inner, 'forward', self._listen)

    @property
    def is_in_step(self) -> bool:
        """Whether the model is in a training step on a batch of the loader."""
        return self._current is not None

    def read_per_sample(self, per_sample: Optional[bool]) -> None:
        """Changes which losses are read, as a resumed run must."""
        self.per_sample = per_sample

    def new_notices(self) -> List[str]:
        """Returns sentences about what is not scored or pruned, each of them once in a run."""
        notices, self._notices = self._notices, []
        return notices

    def listen_to(self, loader: TrackedLoader) -> None:
        """Continues with another loader."""
        self._loader = loader

    def take(self) -> List[TrainedBatch]:
        """Returns the batches of the training steps since the last call, with their losses.

        An iteration without a training step counts as one on an unknown batch.
        """
        trained, self._trained = self._trained, []
        if trained:
            return trained
        self.notice(NO_STEP)
        return [TrainedBatch(None, None)]

    def take_seconds(self) -> float:
        """Returns the seconds that losses beyond those of the step took since the last call."""
        return self._per_sample_losses.take_seconds()

    def remove(self) -> None:
        """Gives the model its own methods back."""
        self._step.restore()
        self._forward.restore()

    def _train_step(self, original: Callable, data: Any, *args: Any, **kwargs: Any) -> Any:
        tracked = self._loader.claim(data)
        if tracked is None:
            self.notice(UNKNOWN_BATCH)
            self._trained.append(TrainedBatch(None, None))
            return original(data, *args, **kwargs)
        self._current, self._losses = tracked, []
        unreduced = nullcontext() if self.per_sample is False else self._per_sample_losses
        try:
            with unreduced:
                result = original(data, *args, **kwargs)
            losses = self._losses
        finally:
            self._current, self._losses = None, []
        if not losses:
            self.notice(NO_LOSS)
        if len(losses) > 1:
            self.notice(SEVERAL_LOSSES)
        self._trained.append(TrainedBatch(tracked, _total(losses)))
        return result

    def notice(self, notice: str) -> None:
        """Adds a sentence to :meth:`new_notices`, if it is new in the run."""
        if notice not in self._noticed:
            self._noticed.add(notice)
            self._notices.append(notice)

    def _listen(self, original: Callable, *args: Any, **kwargs: Any) -> Any:
        output = original(*args, **kwargs)
        if self._current is None or self._mode_of(args, kwargs) != 'loss':
            return output
        if self.per_sample is None and isinstance(output, dict):
            self.per_sample = self._is_per_sample(output, original, args, kwargs)
        is_measurable = len(self._current.samples) > 1 and not self.per_sample
        if self._grows_with_batch is None and is_measurable:
            self._grows_with_batch = self._probe(sums_over_batch, original, args, kwargs)
        return self._hear(output)

    def _is_per_sample(self, output: dict, original: Callable, args: tuple, kwargs: dict) -> bool:
        if self._per_sample_losses.of_images(output) is not None:
            return True
        batch_size = len(self._current.samples)
        if not are_per_sample(output, batch_size, self.components):
            return False
        return self._per_sample_losses.is_known or self._probe(
            returns_sample_losses, original, args, kwargs
        )

    def _probe(self, question: Callable, original: Callable, args: tuple, kwargs: dict) -> bool:
        batch_size = len(self._current.samples)
        return question(self._forward.model, original, args, kwargs, batch_size, self.components)

    def _hear(self, output: Any) -> Any:
        # Of an evaluation or a forward pass without gradient nothing is minimised.
        if not self._forward.model.training or not torch.is_grad_enabled():
            return output
        if not isinstance(output, dict):
            raise TypeError(
                f'{type(self._forward.model).__name__} returned {type(output).__name__} in '
                "mode='loss'; BLSHook needs the dict of losses that MMEngine models return"
            )
        tracked = self._current
        # Read at once: to hold on to the losses would keep the graph of the iteration alive.
        self._losses.append(self._read(output, len(tracked.samples)))
        if tracked.weights is None:
            return output
        return scale_gradients(output, tracked.weights, tracked.weight)

    def _read(self, losses: dict, batch_size: int) -> Loss:
        if self.per_sample:
            return self._per_sample_losses.read(losses, batch_size, self.components)
        loss = batch_loss(losses, self.components)
        return loss / batch_size if self._grows_with_batch else loss


def _total(losses: List[Loss]) -> Optional[Loss]:
    total = losses[0] if losses else None
    for loss in losses[1:]:
        total = total + loss
    return total
