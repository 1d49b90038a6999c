"""The record of all losses of a run: batch losses in training, and true losses per sample."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from bls_mm.records.files import read_arrays, write_arrays

FILE_NAME = 'losses.npz'


class LossRecord(NamedTuple):
    """The losses of a run with M batches, V samples in these batches, E epochs and N samples.

    Attributes:
        sizes (np.ndarray): ``(M,)`` int64, number of samples of each batch.
        epochs (np.ndarray): ``(M,)`` int64, epoch of each batch, from 0.
        indices (np.ndarray): ``(V,)`` int64, the samples, batch after batch.
        losses (np.ndarray): float32, ``(M,)`` the loss of each batch; or ``(V,)`` the loss of each
            sample in it, if the model returns unreduced losses.
        true_losses (np.ndarray): ``(E, N)`` float32, loss of each sample alone, by the model after
            each epoch. NaN if it was not measured.
    """

    sizes: np.ndarray
    epochs: np.ndarray
    indices: np.ndarray
    losses: np.ndarray
    true_losses: np.ndarray

    @classmethod
    def load(cls, work_dir: str) -> 'LossRecord':
        """Reads the record that :class:`LossRecorder` wrote into a work dir.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If it is damaged.
        """
        path = Path(work_dir) / FILE_NAME
        if not path.is_file():
            raise FileNotFoundError(
                f'{path} does not exist; train with custom_hooks=[dict('
                "type='bls_mm.research.LossRecorder')] in that work dir first"
            )
        return cls(**read_arrays(path, cls._fields))

    def save(self, work_dir: str) -> None:
        """Writes the record into a work dir, atomically.

        Raises:
            OSError: If it cannot be written.
        """
        write_arrays(Path(work_dir) / FILE_NAME, self._asdict(), compress=True)
