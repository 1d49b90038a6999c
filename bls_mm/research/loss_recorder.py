"""A hook that records the losses that a scorer sees, and the true losses of the samples."""

from typing import List, Optional

import numpy as np
import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from torch import nn

from bls_mm.analysis.sample_losses import measure_sample_losses
from bls_mm.data import TrackedBatch
from bls_mm.hooks import BLSHook
from bls_mm.hooks.clock import is_iteration_based
from bls_mm.hooks.model_method import unwrap
from bls_mm.losses import are_per_sample, batch_loss, sample_losses

from .loss_record import LossRecord


@HOOKS.register_module()
class LossRecorder(Hook):
    """Records the samples and the loss of every batch, and the true losses after each epoch.

    The run needs a ``BLSHook``. The hook writes ``losses.npz`` into the work dir, see
    :class:`LossRecord`. After each epoch it measures the true losses with an evaluation pass of
    batch size 1.

    Args:
        num_measured (int, optional): Number of samples whose true loss is measured, evenly spread
            over the training set. Defaults to None, all of them.

    Examples:
        >>> custom_hooks = [dict(type='bls_mm.research.LossRecorder')]
    """

    priority = 85  # after BLSHook, which makes the loader track its batches

    def __init__(self, num_measured: Optional[int] = None) -> None:
        if num_measured is not None and (not isinstance(num_measured, int) or num_measured < 1):
            raise ValueError(
                'num_measured must be a positive number of samples or None, but got '
                f'{num_measured!r}'
            )
        self.num_measured = num_measured
        self._bls_hook: Optional[BLSHook] = None
        self._model: Optional[nn.Module] = None
        self._handle = None
        self._batch: Optional[TrackedBatch] = None  # of the current iteration
        self._batch_losses: List[torch.Tensor] = []  # one per forward pass of the iteration
        self._sizes: List[int] = []
        self._epochs: List[int] = []
        self._indices: List[np.ndarray] = []
        self._losses: List[np.ndarray] = []
        self._true_losses: List[np.ndarray] = []

    def before_train(self, runner) -> None:
        """Checks that the run can be recorded, and listens to the losses of the model."""
        hooks = [hook for hook in runner.hooks if isinstance(hook, BLSHook)]
        has_epochs = not is_iteration_based(runner.train_loop)
        if not hooks or get_world_size() > 1 or runner.iter > 0 or not has_epochs:
            raise ValueError(
                'LossRecorder needs a BLSHook, one process, a loop that counts epochs, and a run '
                "from its start; add default_hooks=dict(bls=dict(type='bls_mm.BLSHook')) and "
                'train_cfg=dict(by_epoch=True), and do not resume'
            )
        self._bls_hook = hooks[0]
        self._model = unwrap(runner.model)
        # Not a LossTap: a model can have only one, and BLSHook uses it.
        self._handle = self._model.register_forward_hook(self._listen, with_kwargs=True)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Looks up the samples of the batch."""
        self._batch = self._bls_hook.run.loader.tracked(data_batch)
        self._batch_losses = []

    def _listen(self, model, args, kwargs, output) -> None:
        if self._batch is None or kwargs.get('mode') != 'loss':
            return
        if not model.training or not torch.is_grad_enabled():
            return  # an evaluation by another hook
        batch_size, components = len(self._batch.samples), self._bls_hook.components
        if are_per_sample(output, batch_size, components):
            loss = sample_losses(output, batch_size, components)
        else:
            loss = batch_loss(output, components)
        self._batch_losses.append(torch.as_tensor(loss).cpu().reshape(-1))

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Records the batch, unless its samples or its loss are unknown."""
        batch, self._batch = self._batch, None
        if batch is None or not self._batch_losses:
            return
        self._sizes.append(len(batch.samples))
        self._epochs.append(runner.epoch)
        self._indices.append(batch.samples)
        self._losses.append(sum(self._batch_losses).numpy())

    def after_train_epoch(self, runner) -> None:
        """Measures the true losses, and writes the record so far."""
        loader = self._bls_hook.run.loader
        num_samples = len(loader.dataset)
        measured = np.arange(num_samples)
        if self.num_measured is not None and self.num_measured < num_samples:
            measured = np.linspace(0, num_samples - 1, self.num_measured).astype(np.int64)
        true_losses = np.full(num_samples, np.nan, dtype=np.float32)
        true_losses[measured] = measure_sample_losses(
            self._model, loader.dataset, measured, loader.collate_fn, self._bls_hook.components
        )
        self._true_losses.append(true_losses)
        record = LossRecord(
            np.array(self._sizes),
            np.array(self._epochs),
            np.concatenate(self._indices),
            np.concatenate(self._losses),
            np.stack(self._true_losses),
        )
        try:
            record.save(runner.work_dir)
        except OSError as error:
            runner.logger.warning(
                f'LossRecorder: the record could not be written ({error}); training goes on'
            )

    def after_train(self, runner) -> None:
        """Stops listening to the model."""
        self._handle.remove()
