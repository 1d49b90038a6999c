"""What a checkpoint holds of a pruned run, and how a run continues with it.

This includes gradients that wait for the rest of an accumulation.
"""

from typing import List, NamedTuple, Optional

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import CheckpointHook
from torch import nn

from bls_mm.data import TrackedLoader
from bls_mm.samplers import BLSSampler

from .clock import is_iteration_based
from .model_method import unwrap

INCOMPLETE = (
    'BLS: a hook saved a checkpoint within an epoch, without the losses of this epoch on other '
    'ranks, so a run that resumes from it begins the epoch anew; save with '
    'CheckpointHook(by_epoch=False)'
)


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


def state_of(run) -> dict:
    """Returns the entry ``'bls'`` of a checkpoint: tensors and plain numbers.

    Args:
        run (PrunedRun): The run. If losses of the epoch are not gathered yet, a run that resumes
            begins the epoch anew.
    """
    shape = _shape(run.sampler, run.loader)
    if run.in_epoch and run.gathered_at != run.clock.position:
        run.tap.warn_once(INCOMPLETE)
        shape['is_complete'] = False
    model = unwrap(run.runner.model)
    return dict(
        sampler=run.sampler.state_dict(),
        savings=dict(vars(run.meter.savings)),
        epoch=run.sampler.epoch,
        position=run.clock.position,
        steps=run.clock.steps_done,
        shape=shape,
        gradients=copy_gradients(model) if is_accumulating(run.runner) else [],
    )


def restore(run, state: dict) -> ResumePoint:
    """Loads the scores, plan and gradients of a checkpoint.

    Args:
        run (PrunedRun): The run; its runner was resumed by MMEngine.
        state (dict): What :func:`state_of` returned, in this version or in version 0.1.

    Raises:
        ValueError: If the state belongs to another data set length, or another scorer.
    """
    runner, clock = run.runner, run.clock
    run.sampler.load_state_dict(state['sampler'])
    restore_gradients(unwrap(runner.model), state['gradients'])
    if not is_iteration_based(runner.train_loop) and state['epoch'] != runner.epoch:
        return ResumePoint(runner.epoch)  # saved after the epoch
    shape = _shape(run.sampler, run.loader)
    if state['shape'] == shape:
        return ResumePoint(state['epoch'], state['position'], is_planned=True)
    runner.logger.warning(
        f'BLS: the checkpoint was saved within epoch {state["epoch"] + 1} by a run of '
        f'{state["shape"]}, this run is of {shape}: scores are kept, the epoch is planned anew and '
        'starts over'
    )
    if not is_iteration_based(runner.train_loop) or clock.counts_iterations:
        return ResumePoint(state['epoch'])
    return ResumePoint(clock.resume_at(_steps_of(state)))


def restore_epoch(run, state: Optional[dict], reset_scores: bool) -> ResumePoint:
    """Continues a run whose scores are forgotten, or whose checkpoint has none.

    Args:
        run (PrunedRun): The run; its runner was resumed by MMEngine.
        state (dict, optional): What :func:`state_of` returned; None if it was not called.
        reset_scores (bool): Whether the user asked for it.
    """
    runner = run.runner
    runner.logger.warning(
        'BLS: reset_scores=True: every sample counts as never scored'
        if reset_scores
        else 'BLS: the checkpoint was saved without BLSHook: every sample counts as never scored'
    )
    if not is_iteration_based(runner.train_loop):
        return ResumePoint(runner.epoch)
    return ResumePoint(run.clock.resume_at(runner.iter if state is None else _steps_of(state)))


def _steps_of(state: dict) -> int:
    return state.get('steps', state['savings']['iterations_unpruned'])  # version 0.1 saved no steps


def _shape(sampler: BLSSampler, loader: TrackedLoader) -> dict:
    """What must be the same to continue within an epoch."""
    shape = dict(
        world_size=sampler.world_size,
        batch_size=loader.batch_sampler.batch_size,
        num_shards=sampler.state.placement.size,
    )
    return dict(shape, smaller_batches=True) if loader.is_spread else shape


def state_to_continue(run) -> Optional[dict]:
    """Returns the state with which the runner of an interrupted run goes on, if it can.

    All ranks call it together.

    Args:
        run (PrunedRun): The interrupted run.
    """
    if run.sampler.state.placement.size > 1 or run.runner.iter == 0:
        return None
    run.score_and_gather()
    return run.checkpoint_state()


def update_rates(runner, checkpoint: dict) -> None:
    """Puts the current learning rates into a checkpoint that MMEngine has begun to fill."""
    groups = checkpoint.get('optimizer', {}).get('param_groups', [])
    for saved, group in zip(groups, runner.optim_wrapper.param_groups):
        saved.update({name: value for name, value in group.items() if name != 'params'})
    schedulers = checkpoint.get('param_schedulers', [])
    for saved, scheduler in zip(schedulers, runner.param_schedulers or []):
        saved.update(scheduler.state_dict())


def find_savers(runner) -> List[CheckpointHook]:
    """Returns the hooks that save checkpoints by iteration."""
    return [h for h in runner.hooks if isinstance(h, CheckpointHook) and not h.by_epoch]


def is_saving_in_epoch(runner, savers: List[CheckpointHook]) -> bool:
    """Whether one of the hooks saves right after this iteration; the same on every rank."""
    return any(
        hook.every_n_train_iters(runner, hook.interval, getattr(hook, 'save_begin', 0))
        or (hook.save_last and hook.is_last_train_iter(runner))
        for hook in savers
    )


def is_accumulating(runner) -> bool:
    """Whether gradients wait for further iterations before the optimizer steps."""
    # A private attribute of OptimWrapper, checked with mmengine 0.10.7.
    wrapper = runner.optim_wrapper
    counts = getattr(wrapper, '_accumulative_counts', 1)
    return counts > 1 and not wrapper.should_update()


def average_gradients(runner) -> None:
    """Gives all ranks the mean of their waiting gradients, so one checkpoint serves all ranks.

    The optimizer's step stays the same, since it uses the mean over the ranks in any case. A
    parameter that only some ranks used has gradient zero on the others.
    """
    if get_world_size() == 1 or not is_accumulating(runner):
        return
    parameters = list(unwrap(runner.model).parameters())
    num_ranks = torch.tensor([parameter.grad is not None for parameter in parameters]).int()
    all_reduce(num_ranks)
    for parameter, used_by in zip(parameters, num_ranks.tolist()):
        if used_by > 0:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            all_reduce(parameter.grad, 'mean')


def copy_gradients(model: nn.Module) -> List[Optional[torch.Tensor]]:
    """Returns the gradient of each parameter, in main memory; None if it has none."""
    return [None if p.grad is None else p.grad.detach().cpu() for p in model.parameters()]


def restore_gradients(model: nn.Module, gradients: List[Optional[torch.Tensor]]) -> None:
    """Puts back what :func:`copy_gradients` returned."""
    for parameter, gradient in zip(model.parameters(), gradients):
        if gradient is not None:
            parameter.grad = gradient.to(parameter.device, copy=True)
