"""Checks of a run before its first iteration. Each error is one sentence."""

from typing import Any, Iterator, Optional

import numpy as np
import torch
from mmengine.dataset import RepeatDataset
from mmengine.optim import OptimWrapperDict
from torch.utils.data import DataLoader, Sampler

from bls_mm.planning import EpochPlan
from bls_mm.samplers import BLSSampler, find_sampler
from bls_mm.samplers.pruning_state import PruningState

from .clock import TrainingClock, is_iteration_based

SEQUENCES = (list, tuple, torch.Tensor)
CONTAINERS = (list, tuple, dict)  # in which a loop may keep several loaders
SHARDING_STRATEGIES = ('FSDPStrategy', 'DeepSpeedStrategy', 'ColossalAIStrategy')
SHARDING_WRAPPERS = ('MMFullyShardedDataParallel', 'FullyShardedDataParallel')


def check_run(runner, sampler: Optional[BLSSampler], loader: DataLoader, hook_type: type) -> None:
    """Raises an error if BLS cannot work with a runner that is about to train.

    Args:
        runner (Runner): The runner.
        sampler (BLSSampler, optional): The sampler found in the loader.
        loader (DataLoader): The training loader.
        hook_type (type): BLSHook.

    Raises:
        TypeError, ValueError: If BLS cannot work with a part, or with the value of an option.
    """
    for value in vars(runner.train_loop).values():
        if isinstance(value, CONTAINERS) and any(part is loader for part in each(value)):
            raise TypeError(
                f'BLSHook does not work with {type(runner.train_loop).__name__}, which trains on '
                'batches of several loaders at once: their loss cannot be told apart; use a loop '
                'with one loader, such as EpochBasedTrainLoop'
            )
    if sampler is None:
        raise TypeError(
            'BLSHook needs a BLSSampler, but train_dataloader has none; add train_dataloader='
            "dict(sampler=dict(type='bls_mm.BLSSampler', pruner='auto'))"
            if getattr(loader, 'batch_sampler', loader) is not None
            else 'BLSHook needs batches, but train_dataloader has batch_size=None; give it a '
            'batch_size'
        )
    check_batch_sampler(sampler, loader.batch_sampler)
    loaders = each(getattr(runner.val_loop, 'dataloader', None))
    if any(find_sampler(part) is not None for part in loaders):
        raise TypeError(
            'val_dataloader has a BLSSampler, but validation needs all samples in order; give it '
            "sampler=dict(type='DefaultSampler', shuffle=False)"
        )
    hooks = sum(isinstance(hook, hook_type) for hook in runner.hooks)
    if hooks > 1:
        raise ValueError(
            f'the config has {hooks} BLSHooks, and each would score every batch; leave one, in '
            'default_hooks=dict(bls=...)'
        )
    strategy = type(getattr(runner, 'strategy', None)).__name__
    wrapper = type(runner.model).__name__
    if strategy in SHARDING_STRATEGIES or wrapper in SHARDING_WRAPPERS:
        raise TypeError(
            f'BLSHook does not work with {strategy if strategy in SHARDING_STRATEGIES else wrapper}'
            ', which shards the model; use DDPStrategy or MMDistributedDataParallel'
        )
    if isinstance(runner.optim_wrapper, OptimWrapperDict):
        raise TypeError(
            'BLSHook does not work with several optim_wrappers: no single loss is minimised; use '
            'one optim_wrapper'
        )


def each(value: Any) -> Iterator[Any]:
    """Yields what lists, tuples and dicts hold, or the value itself if it is none of them."""
    if not isinstance(value, CONTAINERS):
        yield value
        return
    for part in value.values() if isinstance(value, dict) else value:
        yield from each(part)


def check_not_empty(loader: DataLoader, sampler: BLSSampler) -> None:
    """Raises a ValueError if an epoch on all samples has no batch."""
    if len(loader) == 0:
        raise ValueError(
            f'an epoch has no batch: the {len(sampler)} samples of a rank are fewer than '
            'batch_size, and drop_last drops them; use a smaller batch_size or drop_last=False'
        )


def check_batch_sampler(sampler: BLSSampler, batch_sampler: Sampler) -> None:
    """Raises an error if a batch sampler does not batch the planned samples of an epoch.

    Args:
        sampler (BLSSampler): The sampler.
        batch_sampler (Sampler): The batch sampler on top of it.

    Raises:
        TypeError: If it lacks an attribute or a length, or that does not follow the sampler.
    """
    kind = type(batch_sampler).__name__
    for attribute in ('batch_size', 'drop_last'):
        if not hasattr(batch_sampler, attribute):
            raise TypeError(
                f'the batch sampler {kind} has no {attribute}, which BLSHook reads; give it '
                'batch_size and drop_last, as PyTorch does'
            )
    try:
        len(batch_sampler)
    except (TypeError, NotImplementedError) as error:
        raise TypeError(
            f'the batch sampler {kind} has no length, so the length of an epoch is not known; give '
            'it a __len__ that follows its sampler, as PyTorch does'
        ) from error
    if not _follows_plan(sampler.state, batch_sampler):
        raise TypeError(
            f'the length of the batch sampler {kind} does not follow its sampler, so it would not '
            'train on the planned samples; use one that batches the samples of its sampler, such '
            'as torch.utils.data.BatchSampler'
        )


def _follows_plan(state: PruningState, batch_sampler: Sampler) -> bool:
    """Whether the length of a batch sampler follows the plan of the epoch."""
    plan = state.plan
    state.use_full_plan()
    full_length = len(batch_sampler)
    every_second = np.arange(state.placement.local_size) % 2 == 0
    state.use_plan(EpochPlan.from_mask(every_second, shards=state.placement))
    half_length = len(batch_sampler)
    state.use_plan(plan)
    return half_length < full_length or full_length < 4


def check_batch_size(data_batch, expected: int, per_sample: bool = False) -> None:
    """Raises an error if the loss of a batch cannot be assigned to its samples.

    Self-supervised models have a list of views as ``inputs``, but one data sample for each sample.
    A collate function may return each sample several times, such as with repeated augmentation:
    then the batch loss belongs to all samples of the batch as usual.

    Args:
        data_batch (dict or object): What the loader returned; checked if it has ``inputs``.
        expected (int): Number of samples that the batch sampler chose.
        per_sample (bool): Whether each sample is scored by its own loss. Defaults to False.

    Raises:
        ValueError: If the number of inputs differs, and is no multiple or ``per_sample`` is True.
    """
    inputs = data_batch.get('inputs') if isinstance(data_batch, dict) else None
    if not isinstance(inputs, SEQUENCES) or len(inputs) == expected:
        return
    data_samples = data_batch.get('data_samples')
    if isinstance(data_samples, SEQUENCES) and len(data_samples) == expected:
        return
    if len(inputs) < expected or len(inputs) % expected:
        raise ValueError(
            f'a batch of {len(inputs)} inputs came back for {expected} samples, so some samples '
            'count more than others in its loss; let the collate function return the same number '
            'of inputs for each sample'
        )
    if per_sample:
        raise ValueError(
            f'a batch of {len(inputs)} inputs came back for {expected} samples, so a sample has '
            'several losses; use a scorer of batch losses, such as BatchLossScorer'
        )


def warn_of_short_run(runner, sampler: BLSSampler, clock: TrainingClock) -> None:
    """Logs a warning if a run has no epoch to prune, or if its samples are repetitions.

    Args:
        runner (Runner): The runner, about to train.
        sampler (BLSSampler): The sampler.
        clock (TrainingClock): Knows the length of the run.
    """
    is_short = sampler.planner.pruner.needs_scores and clock.num_epochs <= 1
    counts_iterations = is_iteration_based(runner.train_loop)
    dataset = sampler.dataset
    if counts_iterations and isinstance(dataset, RepeatDataset):
        runner.logger.warning(
            f'BLS: each of the {dataset.times:,} repetitions of RepeatDataset counts as a sample'
            f'{", so the run ends within its first epoch and prunes nothing" * is_short}; a loop '
            'of iterations repeats its data anyway, so write train_dataloader=dict(dataset=dict('
            '_delete_=True, **_base_.train_dataloader.dataset.dataset))'
        )
    elif is_short and counts_iterations:
        runner.logger.warning(
            f'BLS: nothing is pruned, because the run of {runner.max_iters:,} iterations ends '
            f'within its first epoch, which takes {clock.full_length:,} and scores all '
            f'{len(dataset):,} samples; train longer, or without RepeatDataset'
        )
    elif is_short:
        runner.logger.warning(
            'BLS: nothing is pruned, as the only epoch of the run scores all samples; train longer'
        )
