"""The numbers of an epoch in the visualizer backends of the run, with nothing to configure.

MMEngine's backends know scalars only; histograms go to the tool behind a backend, where that tool
has them.
"""

from typing import Dict

import numpy as np
from mmengine.visualization import LocalVisBackend, TensorboardVisBackend, WandbVisBackend

MOST_VALUES = 100_000  # of a histogram: more make it no better, only slower


def show_scalars(visualizer, scalars: Dict[str, float], step: int) -> None:
    """Sends numbers to all backends but MMEngine's local log.

    That one is the file ``scalars.json``, which the log tools of the libraries read: they take each
    line for one of training or validation, and a name with a slash for one of validation.

    Args:
        visualizer (Visualizer): That of the run.
        scalars (dict[str, float]): Name to value; what is not finite is left out.
        step (int): Iterations of the run so far.
    """
    finite = {name: value for name, value in scalars.items() if np.isfinite(value)}
    for backend in visualizer._vis_backends.values():
        if not isinstance(backend, LocalVisBackend):
            backend.add_scalars(finite, step=step)


def show_histograms(visualizer, histograms: Dict[str, np.ndarray], step: int) -> None:
    """Sends histograms to the backends that have them.

    Args:
        visualizer (Visualizer): That of the run.
        histograms (dict[str, np.ndarray]): Name to ``(n,)`` values; NaNs are left out.
        step (int): Iterations of the run so far.
    """
    for backend in visualizer._vis_backends.values():
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
