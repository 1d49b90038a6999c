"""Estimates from a config alone how many samples and iterations pruning would save."""

import math
from typing import Iterator, List, NamedTuple, Optional, Tuple

import mmengine.dataset  # noqa: F401  registers ConcatDataset and the other wrappers
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope

from bls_mm.compat import import_library
from bls_mm.ops.subsets import TOLERANCE

from .simulation import PlannedEpoch, simulate


class RunSize(NamedTuple):
    """The size of a run.

    Attributes:
        num_samples (int): Samples of the training set.
        batch_size (int): Samples of a batch on one GPU.
        num_gpus (int): Number of GPUs.
        max_epochs (int): Number of epochs. For a loop that counts iterations, the number of epochs
            on all samples, rounded up.
        last_epoch (float): Fraction of the last epoch that such a loop trains.
        drops_last (bool): Whether samples that do not fill a batch are dropped.
    """

    num_samples: int
    batch_size: int
    num_gpus: int
    max_epochs: int
    last_epoch: float = 1.0
    drops_last: bool = False

    @property
    def num_epochs(self) -> float:
        """Number of epochs on all samples, not rounded."""
        return self.max_epochs - 1 + self.last_epoch

    def iterations(self, kept_fraction: float = 1.0, part: float = 1.0) -> int:
        """Returns the iterations of an epoch that keeps a fraction of the samples.

        Args:
            kept_fraction (float): That fraction.
            part (float): How much of the epoch is trained. Defaults to 1.
        """
        batches = kept_fraction * self.num_samples / (self.batch_size * self.num_gpus)
        batches = math.floor(batches + TOLERANCE) if self.drops_last else math.ceil(batches)
        return math.ceil(part * batches - TOLERANCE)

    def samples(self, kept_fraction: float = 1.0, part: float = 1.0) -> float:
        """Returns the samples that such an epoch trains on."""
        samples = kept_fraction * self.num_samples
        if self.drops_last:
            samples -= samples % (self.batch_size * self.num_gpus)
        return part * samples

    def parts_of(self, plan: List[PlannedEpoch]) -> Iterator[Tuple[PlannedEpoch, float]]:
        """Yields each epoch of a planned run, and how much of it is trained."""
        for number, epoch in enumerate(plan, start=1):
            yield epoch, self.last_epoch if number == len(plan) else 1.0


class Estimate(NamedTuple):
    """The estimated savings of a run.

    Attributes:
        samples (int): Samples seen in the run.
        samples_unpruned (int): Samples seen without pruning.
        iterations (int): Iterations of the run.
        iterations_unpruned (int): Iterations without pruning.
        correlation (float): Rank correlation of scores and sample losses when the last epoch with
            scores is planned. NaN if no epoch has scores.
    """

    samples: int
    samples_unpruned: int
    iterations: int
    iterations_unpruned: int
    correlation: float

    @property
    def pruned(self) -> float:
        """Fraction of the samples that is pruned."""
        return 1 - self.samples / self.samples_unpruned


def size_of(cfg: Config, num_samples: Optional[int] = None, num_gpus: int = 1) -> RunSize:
    """Reads the size of a run from its config.

    Args:
        cfg (Config): The config.
        num_samples (int, optional): Length of the training set. Defaults to None: the data set is
            built and counted, without reading its images.
        num_gpus (int): Number of GPUs. Defaults to 1.

    Returns:
        RunSize: The size.

    Raises:
        FileNotFoundError: If ``num_samples`` is None and the files of the data set are missing.
    """
    loader = cfg.train_dataloader
    batch_size = loader.get('batch_size') or loader.batch_sampler.batch_size
    if num_samples is None:
        num_samples = _count_samples(cfg)
    drops_last = bool(
        loader.get('drop_last') or (loader.get('batch_sampler') or {}).get('drop_last')
    )
    size = RunSize(num_samples, batch_size, num_gpus, 1, drops_last=drops_last)
    if cfg.train_cfg.get('max_epochs') is not None:
        return size._replace(max_epochs=cfg.train_cfg.max_epochs)
    num_epochs = cfg.train_cfg.max_iters / max(size.iterations(), 1)
    whole = math.ceil(num_epochs - TOLERANCE)
    return size._replace(max_epochs=whole, last_epoch=num_epochs - whole + 1)


def _count_samples(cfg: Config) -> int:
    scope = cfg.get('default_scope', 'mmengine')
    import_library(scope)
    init_default_scope(scope)
    try:
        dataset = DATASETS.build(_without_pipelines(cfg.train_dataloader.dataset))
        if hasattr(dataset, 'full_init'):
            dataset.full_init()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(
            f'the data set of the config is missing ({error.filename or error}); give the number '
            'of training samples with --num-samples'
        ) from error
    return len(dataset)


def _without_pipelines(cfg):
    """Returns the config of a data set without transforms, which counting does not need."""
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
    """Plans every epoch of a run on simulated losses.

    Args:
        cfg (Config): A config with a BLSSampler.
        size (RunSize): Its size.

    Returns:
        list[PlannedEpoch]: One per epoch.
    """
    sampler = cfg.train_dataloader.sampler
    pruner = sampler.get('pruner') or dict(type='SeTa')
    return simulate(
        pruner, sampler.get('scorer'), size.num_samples, size.batch_size, size.max_epochs
    )


def estimate(plan: List[PlannedEpoch], size: RunSize) -> Estimate:
    """Sums the epochs of a planned run.

    Args:
        plan (list[PlannedEpoch]): The epochs.
        size (RunSize): Size of the run.

    Returns:
        Estimate: The estimated savings.
    """
    known = [epoch.correlation for epoch in plan if math.isfinite(epoch.correlation)]
    parts = list(size.parts_of(plan))
    return Estimate(
        samples=round(sum(size.samples(epoch.kept_fraction, part) for epoch, part in parts)),
        samples_unpruned=round(sum(size.samples(1.0, part) for _, part in parts)),
        iterations=sum(size.iterations(epoch.kept_fraction, part) for epoch, part in parts),
        iterations_unpruned=sum(size.iterations(1.0, part) for _, part in parts),
        correlation=known[-1] if known else math.nan,
    )
