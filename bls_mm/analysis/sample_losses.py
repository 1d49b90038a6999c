"""Measures the loss of each sample with an evaluation pass of batch size 1."""

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
    """Returns the loss of a model on each sample, alone in its batch.

    Layers run in evaluation mode and without gradients. The modules that contain layers stay in
    training mode, because MMOCR's decoders compute no loss otherwise. Random augmentations of the
    pipeline run with the same seed in each call. Afterwards the modes of all modules and the random
    states of Python, numpy and torch are restored.

    Args:
        model (nn.Module): A model of MMEngine, unwrapped.
        dataset (Sequence): The training set, as the loader receives it.
        indices (sequence[int], optional): Samples to measure. Defaults to None, all of them.
        collate (callable): Builds a batch from a list of samples. Defaults to MMEngine's
            ``pseudo_collate``.
        components (dict[str, float], optional): Names and weights of the losses to sum. Defaults to
            None, all losses with weight 1.

    Returns:
        np.ndarray: ``(len(indices),)`` float32.
    """
    indices = range(len(dataset)) if indices is None else indices
    losses = np.empty(len(indices), dtype=np.float32)
    with _layers_in_evaluation_mode(model), _fixed_randomness(), torch.no_grad():
        for position, index in enumerate(indices):
            batch = model.data_preprocessor(collate([dataset[int(index)]]), training=True)
            losses[position] = float(batch_loss(_forward(model, batch), components))
    return losses


def _forward(model: nn.Module, batch) -> dict:
    if isinstance(batch, dict):
        return model(**batch, mode='loss')
    return model(*batch, mode='loss')


@contextmanager
def _layers_in_evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Switches layers, but not the modules that contain them, to evaluation mode."""
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
def _fixed_randomness(seed: int = 0) -> Iterator[None]:
    """Seeds Python, numpy and torch, and restores their random states afterwards."""
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
