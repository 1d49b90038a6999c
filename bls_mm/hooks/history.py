"""What a run leaves behind of each epoch, for reports: which samples it kept, and their scores."""

import math
import os
import zipfile
from pathlib import Path
from typing import List, NamedTuple, Optional, Tuple

import numpy as np

FOLDER = 'bls'
FEWEST_SCORES = 1024  # of an epoch, however little room there is: a histogram needs them
BYTES_OF_SCORE = 2
LARGEST_SCORE = np.finfo(np.float16).max
MARKS_OF_OCTET = np.array([bin(octet).count('1') for octet in range(256)], dtype=np.uint8)


class EpochRecord(NamedTuple):
    """A finished epoch. One file of the run's folder ``bls``, about 2 bytes and a bit a sample.

    Attributes:
        epoch (int): The epoch, from 0.
        num_epochs (int): Epochs of the whole run.
        iteration (int): Iterations of the run so far.
        num_samples (int): Length N of the data set.
        num_kept (int): How many of them the epoch kept.
        mean_weight (float): Mean loss weight of the kept samples.
        stride (int): The scores are those of samples 0, ``stride``, ``2 * stride``, ...
        scores (np.ndarray): ``(ceil(N / stride),)`` float16, after the epoch, in the unit of the
            loss; NaN of a sample that was never scored.
        keep (np.ndarray): ``(ceil(N / 8),)`` uint8, a bit a sample, little-endian: whether the
            epoch kept it. Empty where there was no room.
    """

    epoch: int
    num_epochs: int
    iteration: int
    num_samples: int
    num_kept: int
    mean_weight: float
    stride: int
    scores: np.ndarray
    keep: np.ndarray

    @property
    def kept(self) -> np.ndarray:
        """``(N,)`` bool, which samples the epoch kept."""
        return np.unpackbits(self.keep, count=self.num_samples, bitorder='little').view(bool)

    def save(self, work_dir: Path) -> None:
        """Writes the record whole or not at all."""
        path = path_of(work_dir, self.epoch)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix('.part')
        with part.open('wb') as file:
            np.savez(file, **self._asdict())
        os.replace(part, path)

    @classmethod
    def load(cls, path: Path) -> 'EpochRecord':
        """Reads what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            values = {name: file[name] for name in cls._fields}
        return cls(**{name: v if v.ndim else v.item() for name, v in values.items()})


def path_of(work_dir: Path, epoch: int) -> Path:
    """Where the record of an epoch lies; its number there is from 1, as in the log."""
    return Path(work_dir) / FOLDER / f'epoch_{epoch + 1}.npz'


def load_if_whole(path: Path) -> Optional[EpochRecord]:
    """Reads a record; None where there is none, or one that a crash of the machine cut off."""
    try:
        return EpochRecord.load(path)
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
        return None


def load_history(work_dir: Path) -> List[EpochRecord]:
    """Reads the records of a run, in order; of several data sets those of the last one."""
    found = map(load_if_whole, (Path(work_dir) / FOLDER).glob('epoch_*.npz'))
    records = sorted(filter(None, found), key=lambda record: record.epoch)
    return [record for record in records if record.num_samples == records[-1].num_samples]


def forget_from(work_dir: Path, epoch: int) -> None:
    """Removes records from an epoch on: those of an earlier run, or from behind a checkpoint."""
    for path in (Path(work_dir) / FOLDER).glob('epoch_*.npz'):
        if int(path.stem.rpartition('_')[2]) > epoch:
            path.unlink()


def record_epoch(sampler, state: dict, iteration: int, megabytes: float) -> EpochRecord:
    """Describes the epoch that a sampler has just finished.

    Args:
        sampler (BLSSampler): The sampler.
        state (dict): Its state, as arrays.
        iteration (int): Iterations of the run so far.
        megabytes (float): How much room the records of the whole run may take.
    """
    num_samples = len(sampler.dataset)
    has_plan, stride = share_room(num_samples, sampler.max_epochs, megabytes)
    keep = np.zeros(-(-num_samples // 8) if has_plan else 0, dtype=np.uint8)
    if has_plan and 'plan' in state:
        octets = state['plan'].as_arrays()['keep'][: len(keep)]
        keep[: len(octets)] = octets
    scores = state['scorer']['scores'][::stride]
    scores = scores.clip(-LARGEST_SCORE, LARGEST_SCORE).astype(np.float16)
    scores[state['scorer']['visits'][::stride] == 0] = np.nan
    return EpochRecord(
        epoch=sampler.epoch,
        num_epochs=sampler.max_epochs,
        iteration=iteration,
        num_samples=num_samples,
        num_kept=sampler.num_kept,
        mean_weight=sampler.mean_weight,
        stride=stride,
        scores=scores,
        keep=keep,
    )


def share_room(num_samples: int, num_epochs: int, megabytes: float) -> Tuple[bool, int]:
    """Shares the room of an epoch's record between its plan and its scores.

    Args:
        num_samples (int): Length of the data set.
        num_epochs (int): Epochs of the run.
        megabytes (float): Room for all of them.

    Returns:
        tuple: Whether the plan has room, at a bit a sample, in half of it; and the stride of the
        scores that fit in the rest, at 2 bytes a score.
    """
    room = megabytes * 1e6 / num_epochs
    plan = -(-num_samples // 8)
    has_plan = 2 * plan <= room
    num_scores = max((room - plan * has_plan) / BYTES_OF_SCORE, FEWEST_SCORES)
    return has_plan, max(1, math.ceil(num_samples / num_scores))


def turnover(before: Optional[EpochRecord], after: EpochRecord) -> float:
    """Share of the data set that an epoch swapped in or out; NaN where that is not known."""
    if before is None or not len(before.keep) or len(before.keep) != len(after.keep):
        return math.nan
    return int(MARKS_OF_OCTET[before.keep ^ after.keep].sum(dtype=np.int64)) / after.num_samples
