"""Writes down what a scorer is told, and beside it the truth."""

from pathlib import Path
from typing import List, NamedTuple, Optional

import numpy as np
import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from bls_mm.hooks import BLSHook
from bls_mm.hooks.epochs import is_iteration_based
from bls_mm.hooks.loss_tap import LossTap
from bls_mm.samplers import Batch

from .true_losses import measure_sample_losses

FILE_NAME = 'losses.npz'


class LossRecord(NamedTuple):
    """The losses of a run: M batches of in all V samples, E epochs, N samples in the set.

    Attributes:
        sizes (np.ndarray): ``(M,)`` int64, the number of samples of each batch.
        epochs (np.ndarray): ``(M,)`` int64, the epoch of each batch, from 0.
        indices (np.ndarray): ``(V,)`` int64, the samples, batch after batch.
        losses (np.ndarray): float32: ``(M,)`` the loss of each batch, or ``(V,)`` of each sample
            in it, where the model tells them.
        true_losses (np.ndarray): ``(E, N)`` float32: the loss of each sample alone, by the model as
            it was after each epoch; nan where it was not measured.
    """

    sizes: np.ndarray
    epochs: np.ndarray
    indices: np.ndarray
    losses: np.ndarray
    true_losses: np.ndarray

    @classmethod
    def load(cls, work_dir: str) -> 'LossRecord':
        """Reads what :class:`LossRecorder` wrote into a work dir."""
        path = Path(work_dir) / FILE_NAME
        if not path.is_file():
            raise FileNotFoundError(
                f'there is no {path}; train with custom_hooks=[dict('
                "type='bls_mm.analysis.LossRecorder')] in that work dir first"
            )
        with np.load(path) as arrays:
            return cls(**arrays)


@HOOKS.register_module()
class LossRecorder(Hook):
    """Records the samples and the loss of every batch, and each sample's own loss after each epoch.

    It needs a ``BLSHook`` in the run, and writes ``losses.npz`` into the work dir. The true losses
    cost an evaluation pass of batch size 1 after each epoch.

    Args:
        num_measured (int, optional): How many samples get their own loss measured, evenly spread
            over the training set. Defaults to None, all of them.

    Examples:
        >>> custom_hooks = [dict(type='bls_mm.analysis.LossRecorder')]
    """

    priority = 85  # behind BLSHook, which knows the samples of a batch

    def __init__(self, num_measured: Optional[int] = None) -> None:
        if num_measured is not None and (not isinstance(num_measured, int) or num_measured < 1):
            raise ValueError(
                f'num_measured must be a positive number of samples or None, got {num_measured!r}'
            )
        self.num_measured = num_measured

    def before_train(self, runner) -> None:
        hooks = [hook for hook in runner.hooks if isinstance(hook, BLSHook)]
        epochs = not is_iteration_based(runner.train_loop)
        if not hooks or get_world_size() > 1 or runner.iter > 0 or not epochs:
            raise ValueError(
                'LossRecorder records whole runs of one process that count epochs and have a '
                "BLSHook; add default_hooks=dict(bls=dict(type='bls_mm.BLSHook')), do not resume, "
                'use one process, and train_cfg=dict(by_epoch=True)'
            )
        self.bls_hook = hooks[0]
        self.tap = LossTap(self.bls_hook.model, None, self.bls_hook.components)
        self.sizes: List[int] = []
        self.epochs: List[int] = []
        self.indices: List[np.ndarray] = []
        self.losses: List[np.ndarray] = []
        self.true_losses: List[np.ndarray] = []

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        self.tap.batch = Batch(self.bls_hook.batch)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        batch = self.bls_hook.batch
        self.sizes.append(len(batch))
        self.epochs.append(runner.epoch)
        self.indices.append(batch)
        loss = torch.as_tensor(self.tap.read())
        self.losses.append(loss.cpu().reshape(-1).numpy())

    def after_train_epoch(self, runner) -> None:
        loader = runner.train_dataloader
        num_samples = len(loader.dataset)
        measured = np.arange(num_samples)
        if self.num_measured is not None and self.num_measured < num_samples:
            measured = np.linspace(0, num_samples - 1, self.num_measured).astype(np.int64)
        true_losses = np.full(num_samples, np.nan, dtype=np.float32)
        true_losses[measured] = measure_sample_losses(
            self.bls_hook.model,
            loader.dataset,
            measured,
            loader.collate_fn,
            self.bls_hook.components,
        )
        self.true_losses.append(true_losses)
        self._write(Path(runner.work_dir) / FILE_NAME)

    def after_train(self, runner) -> None:
        self.tap.remove()

    def _write(self, path: Path) -> None:
        record = LossRecord(
            np.array(self.sizes),
            np.array(self.epochs),
            np.concatenate(self.indices),
            np.concatenate(self.losses),
            np.stack(self.true_losses),
        )
        np.savez_compressed(path, **record._asdict())
