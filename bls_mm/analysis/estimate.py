"""What pruning would do to a run, from its config alone."""

import math
from pathlib import Path
from statistics import median
from typing import Iterator, List, NamedTuple, Optional

import mmengine.dataset  # noqa: F401  registers ConcatDataset and the like
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope

from bls_mm.compat import allow_mmocr

from .simulation import PlannedEpoch, simulate
from .work_dir import read_lines

MIXING = ('Mosaic', 'CachedMosaic', 'MixUp', 'CachedMixUp', 'YOLOXMixUp', 'CopyPaste')
LATEST = 100  # iterations of an old log whose time counts: the first ones are slow


class RunSize(NamedTuple):
    """How large a run is.

    Attributes:
        num_samples (int): Samples of the training set.
        batch_size (int): Samples of a batch on one GPU.
        num_gpus (int): How many GPUs.
        max_epochs (int): Epochs; those that a loop that counts iterations comes to.
    """

    num_samples: int
    batch_size: int
    num_gpus: int
    max_epochs: int

    def iterations(self, kept_ratio: float = 1.0) -> int:
        """Iterations of an epoch that keeps a share of the samples."""
        return math.ceil(kept_ratio * self.num_samples / (self.batch_size * self.num_gpus))


class Estimate(NamedTuple):
    """What a pruner would save.

    Attributes:
        samples (int): Samples seen in the run.
        samples_unpruned (int): Samples seen without pruning.
        iterations (int): Iterations of the run.
        iterations_unpruned (int): Iterations without pruning.
        correlation (float): Mean rank correlation of scores and sample losses, over the epochs
            whose plan looks at scores.
    """

    samples: int
    samples_unpruned: int
    iterations: int
    iterations_unpruned: int
    correlation: float

    @property
    def pruned(self) -> float:
        """Share of the samples that is pruned."""
        return 1 - self.samples / self.samples_unpruned


def size_of(cfg: Config, num_samples: Optional[int] = None, num_gpus: int = 1) -> RunSize:
    """Reads the size of a run from its config.

    Args:
        cfg (Config): The config.
        num_samples (int, optional): Length of the training set. Defaults to None: the data set is
            built and counted; its images are not read.
        num_gpus (int): On how many GPUs it trains. Defaults to 1.

    Returns:
        RunSize: The size.

    Raises:
        FileNotFoundError: If the data set is not there, and no number was given.
    """
    loader = cfg.train_dataloader
    batch_size = loader.get('batch_size') or loader.batch_sampler.batch_size
    if num_samples is None:
        num_samples = _count_samples(cfg)
    epochs = cfg.train_cfg.get('max_epochs')
    if epochs is None:
        epochs = math.ceil(cfg.train_cfg.max_iters * batch_size * num_gpus / num_samples)
    return RunSize(num_samples, batch_size, num_gpus, epochs)


def _count_samples(cfg: Config) -> int:
    scope = cfg.get('default_scope', 'mmengine')
    if scope == 'mmocr':
        allow_mmocr()
    init_default_scope(scope)
    try:
        dataset = DATASETS.build(_without_pipelines(cfg.train_dataloader.dataset))
        if hasattr(dataset, 'full_init'):
            dataset.full_init()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(
            f'the data set of the config is not there ({error.filename or error}); say how many '
            'training samples it has, with --num-samples'
        ) from error
    return len(dataset)


def _without_pipelines(cfg):
    """Returns the config of a data set that reads no images: to count needs no transforms."""
    if isinstance(cfg, dict):
        inner = {
            name: [] if name == 'pipeline' else _without_pipelines(value)
            for name, value in cfg.items()
        }
        return type(cfg)(inner)
    if isinstance(cfg, (list, tuple)):
        return [_without_pipelines(part) for part in cfg]
    return cfg


def plan_run(cfg: Config, size: RunSize) -> List[PlannedEpoch]:
    """Plans every epoch of a run under simulated losses.

    Args:
        cfg (Config): A config with a BLSSampler.
        size (RunSize): Its size.

    Returns:
        list[PlannedEpoch]: One for each epoch.
    """
    sampler = cfg.train_dataloader.sampler
    pruner = sampler.get('pruner') or dict(type='SeTa')
    return simulate(
        pruner, sampler.get('scorer'), size.num_samples, size.batch_size, size.max_epochs
    )


def estimate(plan: List[PlannedEpoch], size: RunSize) -> Estimate:
    """Adds up the epochs of a planned run.

    Args:
        plan (list[PlannedEpoch]): The epochs.
        size (RunSize): Size of the run.

    Returns:
        Estimate: The sums.
    """
    known = [epoch.correlation for epoch in plan if math.isfinite(epoch.correlation)]
    return Estimate(
        samples=round(sum(epoch.kept_ratio for epoch in plan) * size.num_samples),
        samples_unpruned=len(plan) * size.num_samples,
        iterations=sum(size.iterations(epoch.kept_ratio) for epoch in plan),
        iterations_unpruned=len(plan) * size.iterations(),
        correlation=sum(known) / len(known) if known else float('nan'),
    )


def seconds_per_iteration(log: str) -> float:
    """Reads the time of an iteration from an old run, loading of data included.

    Args:
        log (str): Its work dir, or a ``scalars.json`` in it.

    Returns:
        float: Median over the last lines of the newest log, in seconds.

    Raises:
        FileNotFoundError: If there is no such log.
        ValueError: If it tells no times.
    """
    path = Path(log)
    if not path.is_file():
        found = sorted(path.rglob('scalars.json'), key=lambda file: file.stat().st_mtime)
        if not found:
            raise FileNotFoundError(
                f'there is no scalars.json under {log}; name the work dir of a run that trained'
            )
        path = found[-1]
    times = [line['time'] for line in read_lines(path) if 'time' in line and 'loss' in line]
    if not times:
        raise ValueError(f'{path} tells no time of an iteration; name the log of a training')
    return median(times[-LATEST:])


def adaptations(cfg: Config) -> Iterator[str]:
    """Yields, sentence by sentence, what of a config BLS adapts, and what it leaves as it is.

    Args:
        cfg (Config): The config.
    """
    by_iteration = [s for s in _as_list(cfg.get('param_scheduler')) if _steps_by_iteration(s)]
    if by_iteration:
        names = ', '.join(str(scheduler['type']) for scheduler in by_iteration)
        yield f'schedule: {names} by iteration; all their steps are made, spread over each epoch'
    else:
        yield 'schedule: nothing steps by iteration; left as it is'
    counts = (cfg.get('optim_wrapper') or {}).get('accumulative_counts', 1)
    if counts > 1:
        yield f'accumulation: of {counts} iterations; the last step comes at the true end'
    batch_sampler = cfg.train_dataloader.get('batch_sampler')
    if batch_sampler:
        yield f'batch sampler: {batch_sampler["type"]} stays, and what it hands out is remembered'
    if not cfg.train_cfg.get('max_epochs'):
        yield 'loop: counts iterations, and gets epochs of ours; it ends with its schedule'
    mixing = sorted({name for name in _types(cfg.train_dataloader.dataset) if name in MIXING})
    if mixing:
        yield f'attribution: approximate: {", ".join(mixing)} mix several images into one'


def _as_list(value) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value] if value else []


def _steps_by_iteration(scheduler: dict) -> bool:
    return not scheduler.get('by_epoch', True) or bool(scheduler.get('convert_to_iter_based'))


def _types(cfg) -> Iterator[str]:
    """Yields the name of every type in a nested config."""
    if isinstance(cfg, dict):
        if 'type' in cfg:
            yield str(cfg['type']).rsplit('.', 1)[-1]
        cfg = list(cfg.values())
    if isinstance(cfg, (list, tuple)):
        for part in cfg:
            yield from _types(part)
