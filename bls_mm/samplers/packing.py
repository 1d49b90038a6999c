"""A plan, small enough for a checkpoint. Pure functions."""

import numpy as np
import torch

from bls_mm.pruners import Selection


def pack_selection(selection: Selection, num_samples: int) -> dict:
    """Packs a selection into one bit a sample, and one bit to one byte a kept sample for weights.

    Args:
        selection (Selection): What to pack.
        num_samples (int): Number of samples of the data set.

    Returns:
        dict: Tensors, for :func:`unpack_selection`.
    """
    keep = np.zeros(num_samples, dtype=bool)
    keep[selection.indices] = True
    packed = {'keep': torch.from_numpy(np.packbits(keep))}
    if selection.weights is not None:
        levels, level = np.unique(selection.weights, return_inverse=True)
        packed['weights'] = torch.from_numpy(levels)
        if len(levels) <= 2:
            packed['level_bits'] = torch.from_numpy(np.packbits(level.astype(bool)))
        elif len(levels) <= 256:
            packed['levels'] = torch.from_numpy(level.astype(np.uint8))
        else:
            packed['weights'] = torch.from_numpy(selection.weights)
    return packed


def unpack_selection(packed: dict, num_samples: int) -> Selection:
    """Returns the selection that :func:`pack_selection` packed.

    Args:
        packed (dict): Tensors, on any device.
        num_samples (int): Number of samples of the data set.

    Returns:
        Selection: The same as before, bit for bit.
    """
    arrays = {name: value.cpu().numpy() for name, value in packed.items()}
    indices = np.flatnonzero(np.unpackbits(arrays['keep'], count=num_samples))
    weights = arrays.get('weights')
    if 'level_bits' in arrays:
        weights = weights[np.unpackbits(arrays['level_bits'], count=len(indices))]
    elif 'levels' in arrays:
        weights = weights[arrays['levels']]
    return Selection(indices, weights)
