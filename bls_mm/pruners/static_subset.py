"""Train on a given list of samples."""

import csv
from pathlib import Path
from typing import Sequence, Union

import numpy as np

from bls_mm.registry import PRUNERS

from .pruner import Pruner

SUFFIXES = ('.npy', '.txt', '.csv')


@PRUNERS.register_module()
class StaticSubset(Pruner):
    """Keeps the samples that a list or a file contains, in every epoch.

    It needs no scores, and does not anneal by default.

    Args:
        indices (str or sequence[int]): Indices of the samples in the data set, or a file with them:
            an array (.npy), one number per line (.txt), or a table with a column ``index`` (.csv),
            such as ``tools/analysis/export_scores.py`` writes.
    """

    delta = 1.0
    needs_scores = False
    steerable = False

    def __init__(self, indices: Union[str, Sequence[int]]) -> None:
        self.origin = repr(indices) if isinstance(indices, str) else 'indices'
        self.indices = read_indices(indices) if isinstance(indices, str) else np.array(indices)
        if self.indices.ndim != 1 or self.indices.dtype.kind not in 'iu' or not len(self.indices):
            raise ValueError(
                f'{self.origin} must be a list of sample indices, whole numbers from 0, but has '
                f'shape {self.indices.shape} and type {self.indices.dtype}'
            )

    def prune(self, scores, scored, rng, progress):
        first, last = self.indices.min(), self.indices.max()
        if first < 0 or last >= len(scores):
            raise ValueError(
                f'{self.origin} contains the sample indices {first} to {last}, but the training '
                f'set has {len(scores)} samples; give indices in the data set of this run, from 0'
            )
        keep = np.zeros(len(scores), dtype=bool)
        keep[self.indices] = True
        return keep, None


def read_indices(path: str) -> np.ndarray:
    """Reads sample indices from a file.

    Args:
        path (str): A file in one of the formats of :class:`StaticSubset`.

    Returns:
        np.ndarray: ``(K,)`` int64.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it has another format, or does not contain whole numbers.
    """
    suffix = Path(path).suffix
    if suffix not in SUFFIXES:
        raise ValueError(f'indices must be a file of {", ".join(SUFFIXES)}, but got {path!r}')
    if not Path(path).is_file():
        raise FileNotFoundError(f'indices is {path!r}, but there is no such file')
    try:
        if suffix == '.npy':
            return np.asarray(np.load(path, allow_pickle=False))
        if suffix == '.txt':
            return np.array([int(word) for word in Path(path).read_text().split()])
        with open(path, newline='', encoding='utf-8-sig') as file:  # Excel writes a mark first
            return np.array([int(row['index']) for row in csv.DictReader(file)])
    except (csv.Error, EOFError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'indices is {path!r}, which is not a list of whole numbers; a .csv needs a column '
            f"'index' ({error})"
        ) from error
