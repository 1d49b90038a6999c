"""The true loss of each sample, of any model: an evaluation pass of batch size 1."""

import random
from contextlib import contextmanager
from typing import Dict, Iterator, Optional, Sequence

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from torch import nn

from bls_mm.losses import batch_loss


def measure_sample_losses(
    model: nn.Module,
    dataset,
    indices: Optional[Sequence[int]] = None,
    collate=pseudo_collate,
    components: Optional[Dict[str, float]] = None,
) -> np.ndarray:
    """Returns the loss that a model has on each sample, alone in its batch.

    Its layers are in evaluation mode, and nothing gets a gradient. What holds layers is in training
    mode, since the decoders of MMOCR know no loss otherwise. Afterwards all modes are what they
    were, and so are Python's, numpy's and torch's random states. Random augmentations of the
    pipeline take part, the same ones in each call.

    Args:
        model (nn.Module): A model of MMEngine, unwrapped.
        dataset (Sequence): The training set, as the loader gets it.
        indices (sequence[int], optional): Which samples. Defaults to None, all of them.
        collate (callable): Makes a batch of a list of samples. Defaults to MMEngine's own.
        components (dict[str, float], optional): Which losses count, and how much. Defaults to
            None, all of them equally.

    Returns:
        np.ndarray: float32, one loss for each of ``indices``.
    """
    indices = range(len(dataset)) if indices is None else indices
    losses = np.empty(len(indices), dtype=np.float32)
    with _layers_evaluating(model), _own_randomness(), torch.no_grad():
        for position, index in enumerate(indices):
            batch = model.data_preprocessor(collate([dataset[int(index)]]), training=True)
            losses[position] = float(batch_loss(_forward(model, batch), components))
    return losses


def _forward(model: nn.Module, batch) -> dict:
    if isinstance(batch, dict):
        return model(**batch, mode='loss')
    return model(*batch, mode='loss')


@contextmanager
def _layers_evaluating(model: nn.Module) -> Iterator[None]:
    training = [(module, module.training) for module in model.modules()]
    model.train()
    for module, _ in training:
        is_layer = not any(module.children()) or type(module).__module__.startswith('torch.nn')
        module.training = not is_layer
    try:
        yield
    finally:
        for module, mode in training:
            module.training = mode


@contextmanager
def _own_randomness(seed: int = 0) -> Iterator[None]:
    states = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])
