"""Gradients that wait for the rest of an accumulation, across a checkpoint."""

from typing import List, Optional

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import CheckpointHook
from mmengine.model import is_model_wrapper
from torch import nn


def unwrap(model: nn.Module) -> nn.Module:
    """Returns the model inside a wrapper such as that of distributed training."""
    return model.module if is_model_wrapper(model) else model


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


def average_gradients(model: nn.Module) -> None:
    """Gives all ranks the mean of their waiting gradients, so one checkpoint serves all ranks.

    The optimizer's step stays the same, since it uses the mean over the ranks in any case. A
    parameter that only some ranks used has gradient zero on the others.
    """
    if get_world_size() == 1:
        return
    parameters = list(model.parameters())
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
