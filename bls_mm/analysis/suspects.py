"""Ranks samples by how likely their labels are wrong: what a model cannot learn comes first."""

from typing import Callable, Iterable, Sequence

import numpy as np
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from mmengine.runner import load_checkpoint

from .pictures import Pictures
from .true_losses import measure_sample_losses


def losses_of_checkpoint(
    path: str,
    config: Config,
    pictures: Pictures,
    progress: Callable[[Sequence], Iterable] = list,
) -> np.ndarray:
    """Returns the loss of each training sample, alone in its batch, by a trained model.

    Args:
        path (str): The checkpoint.
        config (Config): Config of its run.
        pictures (Pictures): The training set of that config, of N samples.
        progress (callable): Wraps what takes long, such as ``tqdm``; the
            result must have a length.

    Returns:
        np.ndarray: ``(N,)`` float32.
    """
    with DefaultScope.overwrite_default_scope(pictures.scope):
        model = MODELS.build(config.model)
        load_checkpoint(model, path, map_location='cpu')
        return measure_sample_losses(model, pictures.dataset, progress(range(len(pictures))))


def found_curve(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Says how many of the samples that are looked for the top of a ranking holds.

    Args:
        values (np.ndarray): ``(N,)``, the largest come first; NaNs come last.
        truth (np.ndarray): ``(N,)`` bool, which samples are looked for; at least one.

    Returns:
        np.ndarray: ``(2, N + 1)``: share of the samples looked at, from 0 to 1, and share found.
    """
    found = np.cumsum(truth[order_of(values)]) / truth.sum()
    return np.stack([np.linspace(0, 1, len(values) + 1), np.append(0, found)])


def order_of(values: np.ndarray) -> np.ndarray:
    """Returns the samples from the largest value to the smallest; NaNs come last.

    Equal ones, such as samples that were in the same batches, come in a random order that is always
    the same: their place in the data set tells nothing.
    """
    shuffled = np.random.default_rng(0).permutation(len(values))
    values = np.where(np.isnan(values), -np.inf, values)
    return shuffled[np.argsort(-values[shuffled], kind='stable')]
