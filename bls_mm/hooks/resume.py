"""What a checkpoint holds of a pruned run, and how a run continues with it."""

from typing import NamedTuple

from bls_mm.data import TrackedLoader
from bls_mm.records.savings import Savings
from bls_mm.samplers import BLSSampler

from .clock import TrainingClock
from .gradients import copy_gradients, is_accumulating, restore_gradients, unwrap
from .virtual_epochs import is_iteration_based


class ResumePoint(NamedTuple):
    """Where a run continues.

    Attributes:
        epoch (int): The epoch, from 0; in a loop of epochs MMEngine's own number counts.
        position (int): Iterations of the epoch that are done.
        is_planned (bool): Whether the plan of the epoch was loaded.
    """

    epoch: int = 0
    position: int = 0
    is_planned: bool = False


def checkpoint_state(
    runner, sampler: BLSSampler, loader: TrackedLoader, clock: TrainingClock, savings: Savings
) -> dict:
    """Returns the entry ``'bls'`` of a checkpoint: tensors and plain numbers.

    Args:
        runner (Runner): The runner.
        sampler (BLSSampler): Its state is gathered.
        loader (TrackedLoader): The training loader.
        clock (TrainingClock): Knows the position in the epoch.
        savings (Savings): The sums so far.
    """
    return dict(
        sampler=sampler.state_dict(),
        savings=dict(vars(savings)),
        epoch=sampler.epoch,
        position=clock.position,
        shape=_shape(sampler, loader),
        gradients=copy_gradients(unwrap(runner.model)) if is_accumulating(runner) else [],
    )


def restore(runner, state: dict, sampler: BLSSampler, loader: TrackedLoader) -> ResumePoint:
    """Loads the scores, plan and gradients of a checkpoint.

    Args:
        runner (Runner): The runner, resumed by MMEngine.
        state (dict): What :func:`checkpoint_state` returned, in this version or in version 0.1.
        sampler (BLSSampler): Its state is loaded.
        loader (TrackedLoader): The training loader.

    Raises:
        ValueError: If the state belongs to another data set length, or another scorer.
    """
    sampler.load_state_dict(state['sampler'])
    restore_gradients(unwrap(runner.model), state['gradients'])
    if not is_iteration_based(runner.train_loop) and state['epoch'] != runner.epoch:
        return ResumePoint(runner.epoch)  # saved after the epoch
    shape = _shape(sampler, loader)
    if state['shape'] == shape:
        return ResumePoint(state['epoch'], state['position'], is_planned=True)
    runner.logger.warning(
        f'BLS: the checkpoint was saved within epoch {state["epoch"] + 1} by a run of '
        f'{state["shape"]}, this run is of {shape}: scores are kept, the epoch is planned anew and '
        'starts over'
    )
    return ResumePoint(state['epoch'])


def restore_without_scores(runner, state, reset_scores: bool, clock: TrainingClock) -> ResumePoint:
    """Continues a run whose scores are forgotten, or whose checkpoint has none.

    Args:
        runner (Runner): The runner, resumed by MMEngine.
        state (dict, optional): What :func:`checkpoint_state` returned; None if it was not called.
        reset_scores (bool): Whether the user asked for it.
        clock (TrainingClock): Knows the length of an epoch.
    """
    runner.logger.warning(
        'BLS: reset_scores=True: every sample counts as never scored'
        if reset_scores
        else 'BLS: the checkpoint was saved without BLSHook: every sample counts as never scored'
    )
    if not is_iteration_based(runner.train_loop):
        return ResumePoint(runner.epoch)
    done = runner.iter if state is None else state['savings']['iterations_unpruned']
    return ResumePoint(done // clock.full_length)


def _shape(sampler: BLSSampler, loader: TrackedLoader) -> dict:
    """What must be the same to continue within an epoch."""
    shape = dict(
        world_size=sampler.world_size,
        batch_size=loader.batch_sampler.batch_size,
        num_shards=sampler.state.placement.size,
    )
    return dict(shape, smaller_batches=True) if loader.is_spread else shape
