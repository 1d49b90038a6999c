"""The state of a sampler: arrays of one entry a sample, selections of samples, plain numbers."""

from typing import Any, Callable

import numpy as np
import torch

from bls_mm.pruners import Selection


def change_samples(state: Any, change: Callable[[np.ndarray], np.ndarray], num_samples: int) -> Any:
    """Applies a change to whatever has one entry a sample.

    Args:
        state (dict or value): Nested dicts of arrays, selections and plain numbers.
        change (Callable): Turns an array of one entry a sample into one of other samples.
        num_samples (int): Of how many samples the state is.
    """
    if isinstance(state, dict):
        return {key: change_samples(value, change, num_samples) for key, value in state.items()}
    if isinstance(state, Selection):
        return state.changed(change, num_samples)
    return change(state) if isinstance(state, np.ndarray) else state


def as_tensors(state: Any) -> Any:
    """Returns a state as a checkpoint holds it: nested dicts of tensors and plain numbers."""
    if isinstance(state, dict):
        return {key: as_tensors(value) for key, value in state.items()}
    if isinstance(state, Selection):
        return {'selection': as_tensors(state.as_arrays())}
    return torch.from_numpy(state) if isinstance(state, np.ndarray) else state


def as_arrays(state: Any) -> Any:
    """Returns the state that :func:`as_tensors` made one for a checkpoint of."""
    if isinstance(state, dict):
        if state.keys() == {'selection'} and Selection.is_described_by(state['selection']):
            return Selection.from_arrays(as_arrays(state['selection']))
        return {key: as_arrays(value) for key, value in state.items()}
    return state.cpu().numpy() if isinstance(state, torch.Tensor) else state
