"""Batches with their losses: reduced, split into pieces for a scorer, and counted."""

from dataclasses import dataclass
from typing import Iterator, Sequence, Tuple

import numpy as np
import torch

from bls_mm.ops.long_arrays import shared_zeros

BLOCK = 1 << 16  # samples of one call of Scorer.score: their scores stay in the cache


@dataclass(frozen=True)
class LossBatches:
    """The samples and the losses of M batches.

    Attributes:
        sizes (np.ndarray): ``(M,)`` int64, the number of samples of each batch.
        indices (np.ndarray): ``(sum of sizes,)`` integers, the samples of batch after batch.
        losses (np.ndarray): float32, ``(sum of sizes,)`` if ``per_sample``, otherwise ``(M,)``.
        per_sample (bool): Whether each sample has its own loss.
    """

    sizes: np.ndarray
    indices: np.ndarray
    losses: np.ndarray
    per_sample: bool

    def split(self, cuts: Sequence[int]) -> Iterator['LossBatches']:
        """Yields the batches in pieces, as views: ``cuts=[3]`` gives the first 3 and the others.

        Args:
            cuts (sequence[int]): Ascending numbers of the batches that begin a new piece.
        """
        cuts = [0, *cuts, len(self.sizes)]
        ends = np.append(0, np.cumsum(self.sizes))[cuts].tolist()  # in samples
        for first, last, start, stop in zip(cuts, cuts[1:], ends, ends[1:]):
            losses = self.losses[start:stop] if self.per_sample else self.losses[first:last]
            indices = self.indices[start:stop]
            yield LossBatches(self.sizes[first:last], indices, losses, self.per_sample)


def check_lengths(batches: LossBatches) -> None:
    """Raises a ValueError if the lengths of the arrays do not fit."""
    samples = int(batches.sizes.sum())
    losses = samples if batches.per_sample else len(batches.sizes)
    if (len(batches.indices), len(batches.losses)) != (samples, losses):
        raise ValueError(
            f'{len(batches.sizes)} batches of {samples} samples together need {samples} indices '
            f'and {losses} losses, but got {len(batches.indices)} and {len(batches.losses)}'
        )


def check_range(indices: np.ndarray, num_samples: int) -> None:
    """Raises an IndexError if an index is outside ``[0, num_samples)``."""
    if len(indices) and (indices.min() < 0 or indices.max() >= num_samples):
        raise IndexError(
            f'indices run from {indices.min()} to {indices.max()}, but the training set has '
            f'{num_samples} samples; give positions in the training set'
        )


def drop_unusable(batches: LossBatches) -> Tuple[LossBatches, int]:
    """Drops losses that are not finite with their samples, and batches that have no samples.

    Returns:
        tuple: The other batches, and the number of losses that are not finite.
    """
    sizes, indices, losses = batches.sizes, batches.indices, batches.losses
    finite = np.isfinite(losses)
    num_bad = len(losses) - int(np.count_nonzero(finite))
    if num_bad == 0 and np.count_nonzero(sizes) == len(sizes):
        return batches, 0
    if num_bad:
        keep = finite if batches.per_sample else np.repeat(finite, sizes)
        batch_of_sample = np.repeat(np.arange(len(sizes)), sizes)
        sizes = np.bincount(batch_of_sample[keep], minlength=len(sizes))
        indices = indices[keep]
        losses = losses[keep] if batches.per_sample else losses
    filled = sizes > 0
    losses = losses if batches.per_sample else losses[filled]
    return LossBatches(sizes[filled], indices, losses, batches.per_sample), num_bad


def split_distinct(
    batches: LossBatches, num_samples: int
) -> Iterator[Tuple[LossBatches, np.ndarray]]:
    """Splits batches into pieces that contain each sample once.

    It tries all batches at once, then each half, and goes batch by batch below 65,536 samples.

    Args:
        batches (LossBatches): The batches, in the order in which a scorer must see them.
        num_samples (int): Number of samples N of the training set.

    Yields:
        tuple: A piece, and its samples: their indices if it is a single batch, otherwise a mask
        ``(N,)`` bool. Only a single batch that contains a sample twice still does so.
    """
    if len(batches.sizes) <= 1:
        yield batches, batches.indices
        return
    mask = _mask_of(batches.indices, num_samples)
    if np.count_nonzero(mask) == len(batches.indices):
        yield batches, mask
    elif len(batches.indices) > BLOCK:
        for half in batches.split([len(batches.sizes) // 2]):
            yield from split_distinct(half, num_samples)
    else:
        for batch in batches.split(range(1, len(batches.sizes))):
            yield batch, batch.indices


def _mask_of(indices: np.ndarray, num_samples: int) -> np.ndarray:
    mask = np.zeros(num_samples, dtype=bool)
    for start in range(0, len(indices), BLOCK):
        # numpy indexes fastest by int64, and would convert other integers more slowly itself.
        mask[indices[start : start + BLOCK].astype(np.int64, copy=False)] = True
    return mask


def split_blocks(batches: LossBatches) -> Iterator[LossBatches]:
    """Splits batches into blocks of about 65,536 samples, or of one batch if it is larger."""
    num_batches = len(batches.sizes)
    step = max(1, BLOCK * num_batches // max(len(batches.indices), 1))
    if step < num_batches:
        yield from batches.split(range(step, num_batches, step))
    elif num_batches:
        yield batches


MAX_VISITS = np.iinfo(np.int16).max
MAX_UINT8 = np.iinfo(np.uint8).max


def new_visits(num_samples: int, dtype: type = np.uint8) -> torch.Tensor:
    """Returns ``(N,)`` zeros of uint8, or of int16."""
    return torch.from_numpy(shared_zeros(num_samples, dtype))


def add_visits(visits: torch.Tensor, samples: np.ndarray) -> torch.Tensor:
    """Adds one visit to some samples, in place if the dtype suffices. Stops at 32,767 visits.

    Args:
        visits (torch.Tensor): ``(N,)`` uint8 or int16.
        samples (np.ndarray): The samples: ``(N,)`` bool, which is faster for many of them, or
            ``(B,)`` integers. A sample that occurs twice counts once.

    Returns:
        torch.Tensor: ``(N,)``, the same tensor, or an int16 copy from the 256th visit on.
    """
    is_mask = samples.dtype == bool
    counts = visits.numpy() if is_mask else visits.numpy()[samples]
    if counts.dtype == np.uint8 and counts.max(initial=0) == MAX_UINT8:
        full = counts == MAX_UINT8
        if not is_mask or (full & samples).any():
            return add_visits(new_visits(len(visits), np.int16).copy_(visits), samples)
    step = counts < MAX_VISITS
    if is_mask:
        counts += samples & step
    else:
        visits.numpy()[samples] = counts + step
    return visits


def reduce_loss(loss: torch.Tensor, batch_size: int, per_sample: bool, scorer: str) -> torch.Tensor:
    """Returns the loss of a batch in the shape that a scorer needs, on its device.

    Args:
        loss (torch.Tensor): Scalar, or ``(B,)``.
        batch_size (int): The number of samples B.
        per_sample (bool): Whether the scorer needs the loss of each sample.
        scorer (str): Name of the scorer, for the error message.

    Returns:
        torch.Tensor: float32, detached copy: ``(B,)`` if ``per_sample``, otherwise the mean.

    Raises:
        ValueError: If the shapes do not fit, or a scalar is not enough.
    """
    loss = loss.detach()
    if loss.ndim and loss.shape != (batch_size,):
        raise ValueError(
            f'loss has shape {tuple(loss.shape)} for a batch of {batch_size} samples; '
            'give one scalar, or one value for each sample'
        )
    if loss.ndim == 0 and per_sample and batch_size != 1:
        raise ValueError(
            f'{scorer} needs the loss of each sample, but got one scalar for a batch of '
            f"{batch_size}; make the model's loss unreduced (shape (B,)), or use BatchLossScorer"
        )
    if loss.ndim and not per_sample:
        return loss.float().mean()
    # A copy: the loss may be changed in place later, or lie in the memory of a CUDA graph.
    loss = loss.float().clone()
    return loss.reshape(batch_size) if per_sample else loss
