"""Builds a run and takes it to its first iteration, without a training step."""

import copy
import gc
import sys
import tempfile
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import RUNNERS
from mmengine.runner import Runner, find_latest_checkpoint
from torch.utils.data import ConcatDataset

from bls_mm.analysis.simulation import SingleClassDataset
from bls_mm.compat import import_library
from bls_mm.registry import type_name
from bls_mm.samplers import find_sampler

LOCAL_BACKENDS = ('LocalVisBackend', 'TensorboardVisBackend')  # write into the work dir only


class ReadyToTrainError(Exception):
    """Stops a run when its training would begin."""


class StopBefore(Hook):
    """Stops a run at an event, after all other hooks have had it.

    Args:
        event (str): ``'epoch'`` or ``'iteration'``: which of the first ones.
    """

    priority = 'LOWEST'

    def __init__(self, event: str) -> None:
        self.event = event

    def before_train_epoch(self, runner) -> None:
        if self.event == 'epoch':
            next(iter(find_sampler(runner.train_loop.dataloader) or ()), None)  # may need BLSHook
            raise ReadyToTrainError

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        raise ReadyToTrainError


class StandInData(ConcatDataset):
    """Has the length of a training set that is not here, one source, and one class.

    Args:
        length (int): Number of samples.
    """

    metainfo: dict = {}

    def __init__(self, length: int) -> None:
        super().__init__([SingleClassDataset(length)])


def dry_run(cfg: Config, num_samples: Optional[int] = None) -> Tuple[int, List[str]]:
    """Builds a run and takes it to its first iteration, in a temporary work dir.

    Args:
        cfg (Config): The complete config; it stays as it is.
        num_samples (int, optional): Length of a training set that is not here: then data and
            weights are not read. Defaults to None.

    Returns:
        tuple: The length of the training set, and what was not checked.

    Raises:
        Exception: Whatever a training raises before its first iteration.
    """
    cfg, unchecked = copy.deepcopy(cfg), []
    import_library(cfg.get('default_scope'))
    _resume_from_real_work_dir(cfg)
    backends = (cfg.get('visualizer') or {}).get('vis_backends') or []
    local = [type_name(backend['type']) in LOCAL_BACKENDS for backend in backends]
    if not all(local):
        unchecked += [type_name(b['type']) for b, is_local in zip(backends, local) if not is_local]
        cfg.visualizer.vis_backends = [b for b, is_local in zip(backends, local) if is_local]
    if num_samples is not None:
        _leave_out_data(cfg, num_samples)
        unchecked = ['data', 'weights', *unchecked]
    cfg.launcher = 'none'
    cfg.log_level = 'WARNING'
    with tempfile.TemporaryDirectory(prefix='bls-check-') as folder, _output_to_stderr():
        cfg.work_dir = folder
        cfg.experiment_name = Path(folder).name  # shares no logger with another run of the process
        runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
        if num_samples is not None:
            runner.model.init_weights = lambda: None
        runner.register_hook(StopBefore('iteration' if num_samples is None else 'epoch'))
        with suppress(ReadyToTrainError):
            runner.train()
        length = len(runner.train_dataloader.dataset)
        del runner
        gc.collect()  # ends the workers of the loader
    return length, unchecked


@contextmanager
def _output_to_stderr() -> Iterator[None]:
    """Sends logs to stderr, so that the output of the command contains the plan only."""
    with redirect_stdout(sys.stderr):
        yield


def _leave_out_data(cfg: Config, num_samples: int) -> None:
    """Replaces the training set, and drops validation, test and weights."""
    cfg.train_dataloader.dataset = dict(type=f'{__name__}.StandInData', length=num_samples)
    cfg.train_dataloader.num_workers = 0
    for name in ('persistent_workers', 'prefetch_factor'):
        cfg.train_dataloader.pop(name, None)
    for part in ('val', 'test'):
        for name in (f'{part}_dataloader', f'{part}_cfg', f'{part}_evaluator'):
            cfg.pop(name, None)
    cfg.resume, cfg.load_from = False, None


def _resume_from_real_work_dir(cfg: Config) -> None:
    """Names the checkpoint that a run would find in its own work dir."""
    if cfg.get('resume') and not cfg.get('load_from'):
        cfg.load_from = find_latest_checkpoint(cfg.work_dir)
        cfg.resume = cfg.load_from is not None
