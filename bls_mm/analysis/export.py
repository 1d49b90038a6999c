"""Reads the scores of a checkpoint as a table with one row per sample."""

import operator
from pathlib import Path
from typing import Callable, Dict, Iterable, Optional

import numpy as np

from bls_mm.records import load_history
from bls_mm.samplers.sampler_state import unpack

from .checkpoints import read_checkpoint
from .pictures import Pictures
from .samples import count_seen


def load_scores(path: str) -> dict:
    """Reads the scores of a checkpoint. Nothing in the checkpoint is run.

    Args:
        path (str): A checkpoint of a run with a ``BLSHook``.

    Returns:
        dict: ``epoch``, the epoch of the last plan, counted from 1; ``table``, the columns
        ``index``, ``score``, ``visits`` and ``kept`` of the N samples.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the checkpoint has no scores, or is damaged.
    """
    checkpoint = read_checkpoint(path)
    if 'bls' not in checkpoint:
        raise ValueError(
            f'{path!r} has no scores: the run that saved it had no BLSHook; to record scores '
            "without pruning, train with pruner=dict(type='NoPruning')"
        )
    try:
        return _scores_of(checkpoint['bls']['sampler'])
    except Exception as error:  # any content
        raise ValueError(
            f'the scores in {path!r} are damaged ({type(error).__name__}: {error})'
        ) from error


def _scores_of(state: dict) -> dict:
    num_samples = len(state['scorer']['scores'])
    state = unpack(state, num_samples)
    columns = dict(
        score=state['scorer']['scores'], visits=state['scorer']['visits'], kept=state['plan'].mask
    )
    for name, values in columns.items():
        if not isinstance(values, np.ndarray) or values.shape != (num_samples,):
            raise ValueError(f'{name} must have one value for each of {num_samples} samples')
    return dict(
        epoch=operator.index(state['epoch']) + 1,
        table=dict(index=np.arange(num_samples), **columns),
    )


def last_seen(work_dir: Path, num_samples: int, epoch: int) -> Optional[np.ndarray]:
    """Returns the last epoch that trained on each sample, counted from 1. 0 if there is none.

    Args:
        work_dir (Path): Work dir of the run, with the records of its epochs.
        num_samples (int): Length N of the training set.
        epoch (int): Number of epochs to include.

    Returns:
        np.ndarray or None: ``(N,)`` int64. None if an epoch has no record, or no mask in it.
    """
    history = [record for record in load_history(work_dir) if record.epoch < epoch]
    is_complete = len(history) == epoch  # records are distinct epochs
    if not is_complete or any(r.num_samples != num_samples or not len(r.keep) for r in history):
        return None
    return count_seen([record.kept for record in history], history)[2]


def describe_samples(
    pictures: Pictures, progress: Callable[[Iterable], Iterable] = iter
) -> Dict[str, list]:
    """Returns the columns ``image`` and ``source`` of all samples of a training set.

    Both are empty for a sample that cannot be described.

    Args:
        pictures (Pictures): The training set.
        progress (callable): Wraps the loop, for example ``tqdm``.
    """
    described = [pictures.try_describe(index)[0] for index in progress(range(len(pictures)))]
    return dict(
        image=[sample.path for sample in described], source=[sample.source for sample in described]
    )
