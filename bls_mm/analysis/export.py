"""The scores of a checkpoint as a table, one line a sample."""

from pathlib import Path
from typing import Callable, Dict, Iterable, Optional

import numpy as np
import torch
from mmengine.config import Config

from bls_mm.compat import allow_mmengine_checkpoints
from bls_mm.hooks.history import load_history
from bls_mm.samplers.state import as_arrays

from .pictures import Pictures
from .samples import count_seen


def load_scores(path: str) -> dict:
    """Reads what a checkpoint says of the samples.

    Args:
        path (str): A checkpoint of a run with a ``BLSHook``.

    Returns:
        dict: ``config``, that of the run; ``epoch``, of the last plan, from 1; ``table``, the
        columns ``index``, ``score``, ``visits`` and ``kept`` of the N samples.

    Raises:
        ValueError: If the checkpoint has no scores.
    """
    allow_mmengine_checkpoints()
    checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    if 'bls' not in checkpoint:
        raise ValueError(
            f'{path!r} has no scores: it was saved by a run without BLSHook; to record scores '
            "without pruning, train with pruner=dict(type='NoPruning')"
        )
    state = as_arrays(checkpoint['bls']['sampler'])
    scores, visits = state['scorer']['scores'], state['scorer']['visits']
    kept = np.zeros(len(scores), dtype=bool)
    kept[state['plan'].indices] = True
    return dict(
        config=Config.fromstring(checkpoint['message_hub']['runtime_info']['cfg'], '.py'),
        epoch=state['epoch'] + 1,
        table=dict(index=np.arange(len(scores)), score=scores, visits=visits, kept=kept),
    )


def last_seen(work_dir: Path, num_samples: int, epoch: int) -> Optional[np.ndarray]:
    """Returns the last epoch, from 1, that trained on each sample; 0 of one that never was.

    Args:
        work_dir (Path): Work dir of the run, with the records of its epochs.
        num_samples (int): Length N of the data set.
        epoch (int): Up to which epoch.

    Returns:
        np.ndarray or None: ``(N,)`` int64; None where an epoch has no record of its plan.
    """
    history = [record for record in load_history(work_dir) if record.epoch < epoch]
    complete = [record.epoch for record in history] == list(range(epoch))
    if not complete or any(r.num_samples != num_samples or not len(r.keep) for r in history):
        return None
    return count_seen([record.kept for record in history], history)[2]


def describe_samples(
    pictures: Pictures, progress: Callable[[Iterable], Iterable] = iter
) -> Dict[str, list]:
    """Returns the columns ``image`` and ``source`` of all samples of a training set."""
    described = [pictures.describe(index) for index in progress(range(len(pictures)))]
    return dict(
        image=[sample.path for sample in described], source=[sample.source for sample in described]
    )
