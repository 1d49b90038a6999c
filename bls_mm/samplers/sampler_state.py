"""What a checkpoint holds of a sampler, and how checkpoints of version 0.1 are read."""

from typing import Any, Callable, Dict

import numpy as np
import torch

from bls_mm.planning import EpochPlan


def pack(state: Any) -> Any:
    """Packs a sampler's state for a checkpoint: nested dicts of tensors and plain numbers.

    Plans are packed into bits.
    """
    if isinstance(state, dict):
        return {key: pack(value) for key, value in state.items()}
    if isinstance(state, EpochPlan):
        return {'selection': as_tensors(state.to_arrays())}
    return as_tensors(state)


def unpack(state: Dict[str, Any], num_samples: int) -> Dict[str, Any]:
    """Unpacks what :func:`pack` returned, of this version or of version 0.1.

    Args:
        state (dict): The packed state.
        num_samples (int): Number of samples N of the data set.
    """
    state = _unpack(as_arrays(state), num_samples)
    return state if 'planner' in state else _from_version_0_1(state)


def _unpack(state: Any, num_samples: int) -> Any:
    if not isinstance(state, dict):
        return state
    if state.keys() == {'selection'}:
        return EpochPlan.from_arrays(state['selection'], num_samples)
    return {key: _unpack(value, num_samples) for key, value in state.items()}


def _from_version_0_1(state: Dict[str, Any]) -> Dict[str, Any]:
    """Version 0.1 nested the state of a pruner only if it had a target or guards."""
    state = dict(state)
    old = state.pop('pruner')
    if 'pruned' in old:
        own, guards = old['pruner'], old['guards']
        held = old.get('met', own.get('previous'))  # 'met' only with a target
        budget = {name: old[name] for name in ('pruned', 'brought_back', 'ratio')}
    else:
        own, held, guards, budget = old, old.get('previous'), {}, None
    own = {name: value for name, value in own.items() if name != 'previous'}
    state['planner'] = dict(pruner=own, guards=guards)
    if held is not None:
        state['planner']['held'] = held
    if budget is not None:
        state['planner']['budget'] = budget
    return state


def map_arrays(state: Any, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    """Applies a change to every array with one entry per sample in nested dicts.

    Values with a method ``with_arrays`` (:class:`EpochPlan`) change themselves.

    Args:
        state (dict or value): Nested dicts of arrays, plans and plain numbers.
        change (Callable): Maps an array of one entry per sample to that of other samples.
    """
    if isinstance(state, dict):
        return {key: map_arrays(value, change) for key, value in state.items()}
    if hasattr(state, 'with_arrays'):
        return state.with_arrays(change)
    return change(state) if isinstance(state, np.ndarray) else state


def as_tensors(state: Any) -> Any:
    """Converts arrays in nested dicts to tensors, which a checkpoint holds safely."""
    if isinstance(state, dict):
        return {key: as_tensors(value) for key, value in state.items()}
    return torch.from_numpy(state) if isinstance(state, np.ndarray) else state


def as_arrays(state: Any) -> Any:
    """Converts tensors in nested dicts to arrays, in main memory."""
    if isinstance(state, dict):
        return {key: as_arrays(value) for key, value in state.items()}
    return state.cpu().numpy() if isinstance(state, torch.Tensor) else state
