"""The numbers of an epoch in the visualizer backends of the run, with nothing to configure.

MMEngine's backends know scalars only; histograms go to the tool behind a backend, where that tool
has them.
"""

from typing import Dict

import numpy as np
from mmengine.visualization import TensorboardVisBackend, WandbVisBackend

MOST_VALUES = 100_000  # of a histogram: more make it no better, only slower


def show_scalars(backend, scalars: Dict[str, float], step: int) -> None:
    """Sends numbers to a backend.

    Args:
        backend (BaseVisBackend): One of those of the visualizer of the run.
        scalars (dict[str, float]): Name to value; what is not finite is left out.
        step (int): Iterations of the run so far.
    """
    finite = {name: value for name, value in scalars.items() if np.isfinite(value)}
    backend.add_scalars(finite, step=step)


def show_histograms(backend, histograms: Dict[str, np.ndarray], step: int) -> None:
    """Sends histograms to a backend, if it has them.

    Args:
        backend (BaseVisBackend): One of those of the visualizer of the run.
        histograms (dict[str, np.ndarray]): Name to ``(n,)`` values; NaNs are left out.
        step (int): Iterations of the run so far.
    """
    for kind, add_histogram in HISTOGRAMS.items():
        if isinstance(backend, kind):
            for name, values in histograms.items():
                values = _thin(values)
                if len(values):
                    add_histogram(backend.experiment, name, values, step)


def _add_to_tensorboard(writer, name: str, values: np.ndarray, step: int) -> None:
    writer.add_histogram(name, values, step)


def _add_to_wandb(wandb, name: str, values: np.ndarray, step: int) -> None:
    # Without a step, as MMEngine logs its scalars: it would have to grow, and theirs does not.
    wandb.log({name: wandb.Histogram(values)})


HISTOGRAMS = {
    TensorboardVisBackend: _add_to_tensorboard,
    WandbVisBackend: _add_to_wandb,
}


def _thin(values: np.ndarray) -> np.ndarray:
    values = values[:: -(-len(values) // MOST_VALUES) or 1].astype(np.float32)
    return values[np.isfinite(values)]
