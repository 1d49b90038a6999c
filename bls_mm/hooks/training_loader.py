"""The training loader of a run: tracked, checked, and followed if another hook replaces it."""

from typing import Callable, List, Tuple

import numpy as np
from mmengine.hooks import Hook
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import BatchSampler, DataLoader

from bls_mm.data import BatchCount, TrackedLoader
from bls_mm.data.drain import drain
from bls_mm.samplers import BLSSampler, find_sampler

from .checks import check_batch_sampler
from .clock import TrainingClock, is_iteration_based
from .model_method import unwrap

MISSING = 0.1  # fraction of the announced batches that an epoch may lack without a warning
NO_BATCH = (
    'BLS: the batch sampler yields no batch of the kept samples, because drop_last drops what does '
    'not fill one: such an epoch trains on all samples instead; use drop_last=False or a smaller '
    'batch_size'
)
FEWER_BATCHES = (
    'BLS: the batch sampler yields fewer batches than its length says, so it drops samples that '
    'the log counts as kept; use drop_last=False or a smaller batch_size'
)
LEFT_EPOCH = (
    'BLS: the loop ends its epochs before their last batch, so pruning saves little or nothing; '
    "use BLSHook(schedule='iteration') and no compensation, or a loop that trains whole epochs"
)


class BeginsLate(Hook):
    """Tells ``BLSHook`` that all hooks have prepared an epoch: one may have replaced the loader.

    Args:
        hook (BLSHook): The hook.
    """

    priority = 'LOWEST'

    def __init__(self, hook) -> None:
        self.hook = hook

    def before_train_epoch(self, runner) -> None:
        self.hook.run.follow_late_loader()


def check_unused(runner) -> None:
    """Raises a ValueError if a run that starts has the loader of an earlier run.

    MMEngine has made its schedulers by then, from the length of the last epoch of that run.
    """
    sampler = find_sampler(runner.train_loop.dataloader)
    if runner.iter == 0 and sampler is not None and sampler.state.is_planned:
        raise ValueError(
            'train_dataloader was used by an earlier run, so it has the scores and the plan of '
            'that run; build a new DataLoader with a new BLSSampler for each Runner'
        )


def track_loader(runner, sampler: BLSSampler) -> TrackedLoader:
    """Gives the training loop a tracked loader with everything that its own has.

    Args:
        runner (Runner): The runner.
        sampler (BLSSampler): The sampler of its loader.

    Raises:
        TypeError: If ranks of a loop of iterations may have different numbers of batches: a rank
            that ends its epoch would wait for losses, the others for gradients.
    """
    loop = runner.train_loop
    sizes = batch_sizes(loop.dataloader)
    if len(sizes) == 1:
        sampler.use_batch_size(sizes[0])
    elif sampler.world_size > 1 and is_iteration_based(loop):
        raise TypeError(
            f'{type(loop.dataloader.batch_sampler).__name__} has several batch sizes, so epochs of '
            'a loop of iterations would end at different times on different ranks; train on one '
            'GPU, or with one batch_size'
        )
    loop.dataloader = TrackedLoader.replacing(loop.dataloader, is_iteration_based(loop))
    return loop.dataloader


def avoid_singleton_batch(runner, sampler: BLSSampler) -> None:
    """Avoids a last batch of one sample, if the model cannot train on one."""
    loader = runner.train_loop.dataloader
    sizes = batch_sizes(loader)
    may_end_in_one = len(sizes) == 1 and sizes[0] > 1 and not loader.batch_sampler.drop_last
    if may_end_in_one and not trains_on_one_sample(unwrap(runner.model)):
        sampler.avoid_singleton_batch(sizes[0])


def trains_on_one_sample(model: nn.Module) -> bool:
    """Whether a model can train on a batch of one: BatchNorm cannot, on a map of 1 by 1."""
    return not any(isinstance(module, _BatchNorm) for module in model.modules())


def prepare_batches(runner, sampler: BLSSampler) -> None:
    """Drops what an abandoned iteration left in the batch sampler, before an epoch begins.

    The plan of an epoch that has no batch is replaced by one of all samples.
    """
    batch_sampler = runner.train_loop.dataloader.batch_sampler
    if type(batch_sampler) is not BatchSampler and hasattr(batch_sampler, 'sampler'):
        drain(batch_sampler)
    if len(runner.train_loop.dataloader) == 0:
        runner.logger.warning(
            f'BLS: the {len(sampler)} kept samples of epoch {sampler.epoch + 1} do not fill a '
            'batch and drop_last drops them: the epoch trains on all samples instead'
        )
        sampler.state.train_on_all()


def replace_empty_plan(sampler: BLSSampler, warn: Callable[[str], None]) -> None:
    """Replaces the plan of an epoch by one of all samples, since its batch sampler yields no batch.

    Args:
        sampler (BLSSampler): The sampler.
        warn (Callable): Called with a warning.

    Raises:
        ValueError: If it is the plan of all samples.
    """
    if sampler.kept_fraction == 1:
        raise ValueError(
            f'the batch sampler yields no batch, although the epoch trains on all {len(sampler):,} '
            'samples of a rank; use a smaller batch_size or drop_last=False'
        )
    warn(NO_BATCH)
    sampler.state.train_on_all()


def leaves_epoch(clock: TrainingClock, batches: BatchCount) -> bool:
    """Whether a loop of epochs ended an epoch before its last batch.

    Args:
        clock (TrainingClock): Knows the position in the epoch.
        batches (BatchCount): The batches of the epoch.
    """
    is_left = not batches.is_complete and batches.number > 0 and clock.position < clock.length
    return is_left and not is_iteration_based(clock.runner.train_loop)


def warn_of_batches(loader: TrackedLoader, clock: TrainingClock, warn: Callable) -> None:
    """Warns if an epoch that ends had fewer batches than announced.

    Args:
        loader (TrackedLoader): The training loader.
        clock (TrainingClock): Knows how many batches were announced.
        warn (Callable): Called with a warning.
    """
    if leaves_epoch(clock, loader.count):
        warn(LEFT_EPOCH)
    elif loader.count.is_complete and loader.count.number < (1 - MISSING) * clock.length:
        warn(FEWER_BATCHES)


def batch_sizes(loader: DataLoader) -> List[int]:
    """Returns the batch size; ``MultiDataAspectRatioBatchSampler`` has one for each data set."""
    return np.atleast_1d(loader.batch_sampler.batch_size).tolist()


def batching(loader: DataLoader) -> Tuple[int, bool]:
    """Returns the largest batch size, and whether samples that do not fill a batch are dropped."""
    batch_sampler = loader.batch_sampler
    drops_last = type(batch_sampler) is BatchSampler and batch_sampler.drop_last
    return max(batch_sizes(loader)), drops_last


def follow_loader(runner, old: BLSSampler) -> BLSSampler:
    """Returns the sampler of a loader that another hook has built, with the scores so far.

    Args:
        runner (Runner): The runner, whose training loop has the new loader.
        old (BLSSampler): The sampler of the loader that was replaced.

    Raises:
        TypeError: If the new loader has no BLSSampler, or a batch sampler that does not follow it.
    """
    loader = runner.train_loop.dataloader
    sampler = find_sampler(loader)
    if sampler is None:
        raise TypeError(
            'a hook replaced the training loader by one without BLSSampler, so pruning cannot '
            'go on; let the hook build it from cfg.train_dataloader'
        )
    sampler.let_hook_plan()
    check_batch_sampler(sampler, loader.batch_sampler)
    if not sampler.continue_from(old):
        runner.logger.warning(
            f'BLS: a hook replaced the training set of {len(old.dataset):,} samples '
            f'by one of {len(sampler.dataset):,}: every sample counts as never scored'
        )
    return sampler
