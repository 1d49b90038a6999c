"""A subset that someone else has chosen."""

import csv
from pathlib import Path
from typing import Sequence, Union

import numpy as np

from bls_mm.registry import PRUNERS

from .pruner import Pruner

KINDS = ('.npy', '.txt', '.csv')


@PRUNERS.register_module()
class StaticSubset(Pruner):
    """Trains every epoch on the samples that a list or a file names, and on no others.

    Args:
        indices (str or sequence[int]): The samples to train on, or the file that names them: an
            array (.npy), a number a line (.txt), or a table with a column ``index`` (.csv), such as
            ``tools/analysis/export_scores.py`` writes.
        delta (float): Share of the epochs that prune. Defaults to 1.0, no annealing.
    """

    needs_scores = False
    steerable = False

    def __init__(self, indices: Union[str, Sequence[int]], delta: float = 1.0) -> None:
        super().__init__(delta)
        self.origin = repr(indices) if isinstance(indices, str) else 'indices'
        self.indices = read_indices(indices) if isinstance(indices, str) else np.array(indices)
        if self.indices.ndim != 1 or self.indices.dtype.kind not in 'iu' or not len(self.indices):
            raise ValueError(
                f'{self.origin} must name samples by whole numbers from 0, but has shape '
                f'{self.indices.shape} and type {self.indices.dtype}'
            )

    def prune(self, scores, scored, epoch, rng):
        first, last = self.indices.min(), self.indices.max()
        if first < 0 or last >= len(scores):
            raise ValueError(
                f'{self.origin} names samples {first} to {last}, but the training set has '
                f'{len(scores)}; give positions in the data set of this run, from 0'
            )
        keep = np.zeros(len(scores), dtype=bool)
        keep[self.indices] = True
        return keep, None


def read_indices(path: str) -> np.ndarray:
    """Reads which samples a file names.

    Args:
        path (str): A file of one of the kinds that :class:`StaticSubset` knows.

    Returns:
        np.ndarray: ``(K,)`` int64.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is of another kind, or does not hold whole numbers.
    """
    kind = Path(path).suffix
    if kind not in KINDS:
        raise ValueError(f'indices must be a file of {", ".join(KINDS)}, but got {path!r}')
    if not Path(path).is_file():
        raise FileNotFoundError(f'indices names {path!r}, but there is no such file')
    try:
        if kind == '.npy':
            return np.load(path, allow_pickle=False)
        if kind == '.txt':
            return np.array([int(word) for word in Path(path).read_text().split()])
        with open(path, newline='') as file:
            return np.array([int(row['index']) for row in csv.DictReader(file)])
    except (KeyError, ValueError) as error:
        raise ValueError(
            f'indices names {path!r}, which is no list of whole numbers; a .csv needs a column '
            f"'index' ({error})"
        ) from error
