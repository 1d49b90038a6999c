"""Finds out what kind of losses a model returns, by calling it with other batches."""

import copy
import math
import random
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Set

import numpy as np
import torch
from torch import nn

from bls_mm.losses import batch_loss, names_per_sample


def find_sample_losses(
    model: nn.Module, forward: Callable, args: tuple, kwargs: dict, batch_size: int
) -> Set[str]:
    """Returns the names of the losses that have one entry for each sample.

    A loss vector over levels or classes may happen to have as many entries as the batch has
    samples, and any loss of a batch of one has one entry. So the model is called once more, with
    the last sample repeated. It is in evaluation mode, without gradient, and its buffers and all
    random generators are as they were afterwards.

    Args:
        model (nn.Module): The model.
        forward (Callable): Its method ``forward``.
        args (tuple): Positional arguments of a call in ``mode='loss'``.
        kwargs (dict): Keyword arguments of the call.
        batch_size (int): Number of samples in it.

    Returns:
        set[str]: Empty if the model cannot be called that way: the batch loss is always right.
    """
    try:
        losses = _call(model, forward, args, kwargs, batch_size, [*range(batch_size), -1])
        return names_per_sample(losses, batch_size + 1)
    except Exception:  # of any model, on an input that it may not expect
        return set()


def sums_over_batch(
    model: nn.Module,
    forward: Callable,
    args: tuple,
    kwargs: dict,
    batch_size: int,
    components: Optional[Dict[str, float]] = None,
) -> bool:
    """Whether the batch loss is a sum over the samples: the losses of two halves add up to it.

    The model is called three times, in the way of :func:`find_sample_losses`, with its
    arguments. It needs less memory than the training step.

    Returns:
        bool: False also if the model cannot be called that way, or there is one sample.
    """
    whole, middle = list(range(batch_size)), batch_size // 2
    try:
        total, *halves = (
            float(batch_loss(_call(model, forward, args, kwargs, batch_size, chosen), components))
            for chosen in (whole, whole[:middle], whole[middle:])
        )
    except Exception:  # of any model, on an input that it may not expect
        return False
    # bfloat16 has three digits. The halves of a mean add up to twice the whole.
    return total != 0 and math.isclose(sum(halves), total, rel_tol=0.05)


def _call(
    model: nn.Module,
    forward: Callable,
    args: tuple,
    kwargs: dict,
    batch_size: int,
    chosen: List[int],
) -> dict:
    """Returns the losses of the chosen samples, and leaves the model as it was."""
    args = tuple(_choose(part, batch_size, chosen) for part in args)
    kwargs = _choose(kwargs, batch_size, chosen)
    with _unchanged(model), torch.no_grad():
        return forward(*args, **kwargs)


def _choose(value: Any, batch_size: int, chosen: List[int]) -> Any:
    """Chooses samples in everything that has one entry per sample, and copies everything."""
    if isinstance(value, torch.Tensor):
        is_batch = value.ndim > 0 and len(value) == batch_size
        return value[chosen] if is_batch else value.clone()
    if isinstance(value, dict):
        return {name: _choose(part, batch_size, chosen) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        holds_batches = any(isinstance(part, (list, tuple, dict)) for part in value)
        if len(value) == batch_size and not holds_batches:
            return type(value)(_copy(value[number]) for number in chosen)
        return type(value)(_choose(part, batch_size, chosen) for part in value)
    return _copy(value)


def _copy(value: Any) -> Any:
    # A deep copy of a tensor with a graph is an error.
    return value.clone() if isinstance(value, torch.Tensor) else copy.deepcopy(value)


@contextmanager
def _unchanged(model: nn.Module) -> Iterator[None]:
    """Keeps what a forward pass may change of a model, and random generators, as they are.

    These are buffers, parameters without gradient (of a momentum teacher), and numbers that are
    attributes of a module (such as a count of calls); modes are among these.
    """
    numbers = [(module, _numbers_of(module)) for module in model.modules()]
    tensors = [
        (owner, name, tensor, tensor.clone())
        for module in model.modules()
        for owner in (module._buffers, module._parameters)
        for name, tensor in owner.items()
        if tensor is not None and not tensor.requires_grad
    ]
    python, numpy = random.getstate(), np.random.get_state()
    devices = {
        buffer.device for buffer in (*model.parameters(), *model.buffers()) if buffer.is_cuda
    }
    model.eval()
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        for module, values in numbers:
            vars(module).update(values)
        for owner, name, tensor, old in tensors:
            owner[name] = tensor
            if not torch.equal(tensor, old):  # a write would invalidate a saved graph
                tensor.copy_(old)


def _numbers_of(module: nn.Module) -> dict:
    return {name: value for name, value in vars(module).items() if isinstance(value, (int, float))}


@contextmanager
def without_side_effects(module: nn.Module) -> Iterator[None]:
    """Restores the buffers of a module and the random generators, and reports changes.

    Raises:
        RuntimeError: If anything had changed.
    """
    buffers = [(buffer, buffer.clone()) for buffer in module.buffers()]
    devices = {parameter.device for parameter in module.parameters() if parameter.is_cuda}
    states, before = _random_states(devices), _as_comparable(_random_states(devices))
    try:
        yield
    finally:
        changed = [(buffer, old) for buffer, old in buffers if not torch.equal(buffer, old)]
        for buffer, old in changed:
            buffer.copy_(old)
        has_drawn = _as_comparable(_random_states(devices)) != before
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        for device, state in states[3].items():
            torch.cuda.set_rng_state(state, device)
    if changed or has_drawn:
        raise RuntimeError(type(module).__name__)


def _random_states(devices: Iterable[torch.device]) -> tuple:
    cuda = {device: torch.cuda.get_rng_state(device) for device in devices}
    return random.getstate(), np.random.get_state(), torch.get_rng_state(), cuda


def _as_comparable(states: tuple) -> tuple:
    python, (_, keys, *position), *generators, cuda = states
    generators = [state.numpy().tobytes() for state in (*generators, *cuda.values())]
    return python, keys.tobytes(), position, generators
