"""The record of a finished epoch: which samples it kept, and their scores."""

import math
from typing import NamedTuple, Optional, Tuple

import numpy as np

MIN_SCORES = 1024  # of an epoch, whatever the budget: fewer make no useful histogram
BYTES_PER_SCORE = 2
MAX_COUNT = 2**62  # of a record that is not damaged
MAX_SCORE = np.finfo(np.float16).max
BITS_IN_BYTE = np.array([bin(byte).count('1') for byte in range(256)], dtype=np.uint8)


class EpochRecord(NamedTuple):
    """A finished epoch, stored as one file of the folder ``bls``: about 2.1 bytes per sample.

    Attributes:
        epoch (int): The epoch, from 0.
        num_epochs (int): Epochs of the whole run.
        iteration (int): Iterations of the run so far.
        num_samples (int): Length N of the training set.
        num_kept (int): Number of samples that the epoch kept.
        mean_weight (float): Mean loss weight of the kept samples.
        stride (int): The scores belong to the samples 0, ``stride``, ``2 * stride``, ...
        scores (np.ndarray): ``(ceil(N / stride),)`` float16, scores after the epoch, in the unit of
            the loss. NaN if a sample was never scored.
        keep (np.ndarray): ``(ceil(N / 8),)`` uint8, one bit per sample, little-endian: whether the
            epoch kept it. Empty if the budget had no room for it.
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
        """``(N,)`` bool mask of the samples that the epoch kept."""
        return np.unpackbits(self.keep, count=self.num_samples, bitorder='little').view(bool)

    @property
    def is_consistent(self) -> bool:
        """Whether types and lengths are those that :func:`record_epoch` gives."""
        counts = (self.epoch, self.num_epochs, self.iteration, self.num_samples, self.num_kept)
        if not all(type(n) is int and 0 <= n < MAX_COUNT for n in (*counts, self.stride)):
            return False
        has_weight = type(self.mean_weight) in (int, float) and math.isfinite(self.mean_weight)
        if not has_weight or not self.stride or self.num_kept > self.num_samples:
            return False
        scores, keep = np.asarray(self.scores), np.asarray(self.keep)
        return (
            (scores.dtype, keep.dtype) == (np.float16, np.uint8)
            and scores.shape == (-(-self.num_samples // self.stride),)
            and not np.isinf(scores).any()
            and keep.shape in ((0,), (-(-self.num_samples // 8),))
        )


def record_epoch(
    mask: np.ndarray,
    scores: np.ndarray,
    visits: np.ndarray,
    *,
    epoch: int,
    num_epochs: int,
    iteration: int,
    num_kept: int,
    mean_weight: float,
    megabytes: float,
) -> EpochRecord:
    """Creates the record of an epoch that has just finished.

    Args:
        mask (np.ndarray): ``(N,)`` bool, the samples that the epoch kept, on all ranks.
        scores (np.ndarray): ``(N,)`` float32, the scores after the epoch.
        visits (np.ndarray): ``(N,)``, how often each sample was scored.
        epoch (int): The epoch, from 0.
        num_epochs (int): Epochs of the whole run.
        iteration (int): Iterations of the run so far.
        num_kept (int): Number of samples that the epoch kept, on all ranks.
        mean_weight (float): Mean loss weight of the kept samples.
        megabytes (float): Budget for the records of the whole run.

    Returns:
        EpochRecord: The record.
    """
    num_samples = len(scores)
    has_mask, stride = split_budget(num_samples, num_epochs, megabytes)
    keep = np.packbits(mask, bitorder='little') if has_mask else np.zeros(0, dtype=np.uint8)
    recorded = scores[::stride].clip(-MAX_SCORE, MAX_SCORE).astype(np.float16)
    recorded[visits[::stride] == 0] = np.nan
    return EpochRecord(
        epoch=epoch,
        num_epochs=num_epochs,
        iteration=iteration,
        num_samples=num_samples,
        num_kept=num_kept,
        mean_weight=mean_weight,
        stride=stride,
        scores=recorded,
        keep=keep,
    )


def split_budget(num_samples: int, num_epochs: int, megabytes: float) -> Tuple[bool, int]:
    """Splits the budget of an epoch's record between its mask and its scores.

    The mask takes one bit per sample, and at most half of the budget. The scores take the rest, at
    2 bytes per score.

    Args:
        num_samples (int): Length of the training set.
        num_epochs (int): Epochs of the run.
        megabytes (float): Budget for the records of all epochs.

    Returns:
        tuple: Whether the record contains the mask (bool), and the stride of its scores (int).
    """
    budget = megabytes * 1e6 / num_epochs
    mask_bytes = -(-num_samples // 8)
    has_mask = 2 * mask_bytes <= budget
    num_scores = max((budget - mask_bytes * has_mask) / BYTES_PER_SCORE, MIN_SCORES)
    return has_mask, max(1, math.ceil(num_samples / num_scores))


def turnover(before: Optional[EpochRecord], after: EpochRecord) -> float:
    """Returns the fraction of samples that were kept in exactly one of two epochs.

    NaN if either record has no mask.
    """
    if before is None or not len(before.keep) or len(before.keep) != len(after.keep):
        return math.nan
    changed = BITS_IN_BYTE[before.keep ^ after.keep].sum(dtype=np.int64)
    return int(changed) / after.num_samples
