"""Replays simulated or recorded sample losses through a sampler, in batches of any size."""

from typing import Callable, Iterator, List, NamedTuple, Tuple

import numpy as np
import torch

from bls_mm.samplers import BLSSampler

from .loss_record import LossRecord

LEVEL_WIDTH = 501  # samples; width of the moving average that estimates the mean loss


class ReplayLosses(NamedTuple):
    """Losses of N samples in E epochs.

    Attributes:
        seen (np.ndarray): ``(E, N)``, loss of a sample when an epoch trains on it, divided by the
            mean loss at that time.
        truth (np.ndarray): ``(E, N)``, true losses after each epoch. NaN if not measured.
        level (Callable): Maps times in epochs to the mean losses at these times.
    """

    seen: np.ndarray
    truth: np.ndarray
    level: Callable[[np.ndarray], np.ndarray]


class ReplayedBatch(NamedTuple):
    """A batch of a replayed run.

    Attributes:
        epoch (int): The epoch, from 0.
        samples (np.ndarray): ``(B,)`` int64, indices of its samples.
        relative_loss (float): Its loss, divided by the mean loss at that time.
    """

    epoch: int
    samples: np.ndarray
    relative_loss: float


def simulated_losses(seed: int, num_samples: int = 4096, epochs: int = 30) -> ReplayLosses:
    """Returns gamma-distributed losses with 50 % multiplicative noise that decay to one 20th."""
    rng = np.random.default_rng(seed)
    truth = rng.gamma(1.0, 1.0, num_samples)
    noise = np.maximum(1 + 0.5 * rng.standard_normal((epochs, num_samples)), 0)
    return ReplayLosses(
        truth * noise, np.tile(truth, (epochs, 1)), lambda times: np.exp(-3 * times / epochs)
    )


def recorded_losses(record: LossRecord) -> ReplayLosses:
    """Returns the losses of a recorded run.

    Raises:
        ValueError: If the record contains only batch losses, or the run pruned samples.
    """
    epochs, num_samples = record.true_losses.shape
    if len(record.losses) != epochs * num_samples:
        raise ValueError(
            'the record must contain the loss of every sample in every epoch; record a run of '
            'NoPruning with a model that returns unreduced losses'
        )
    times = np.arange(len(record.losses)) / num_samples
    padded = np.pad(record.losses.astype(np.float64), LEVEL_WIDTH // 2, mode='symmetric')
    levels = np.convolve(padded, np.ones(LEVEL_WIDTH) / LEVEL_WIDTH, mode='valid')
    seen = np.empty((epochs, num_samples))
    seen[np.repeat(record.epochs, record.sizes), record.indices] = record.losses / levels
    return ReplayLosses(seen, record.true_losses, lambda at: np.interp(at, times, levels))


def replay(
    losses: ReplayLosses, batch_size: int, scorer: dict, pruner: dict, seed: int
) -> Iterator[Tuple[np.ndarray, List[ReplayedBatch]]]:
    """Replays a run through a sampler, including pruning.

    Args:
        losses (ReplayLosses): Losses of N samples in E epochs.
        batch_size (int): Number of samples of a batch.
        scorer (dict): Config of a scorer.
        pruner (dict): Config of a pruner.
        seed (int): Seed of the sampler.

    Yields:
        tuple: For each of the E epochs, the ``(N,)`` scores after it, and its batches.
    """
    epochs, num_samples = losses.seen.shape
    sampler = BLSSampler(range(num_samples), scorer=scorer, pruner=pruner, seed=seed)
    per_sample = sampler.scorer.needs_sample_losses
    for epoch in range(epochs):
        sampler.plan_epoch(epoch, epochs)
        order = np.fromiter(sampler, dtype=np.int64)
        batches = np.split(order, range(batch_size, len(order), batch_size))
        levels = losses.level(epoch + np.arange(len(batches)) / len(batches))
        history = []
        for samples, level in zip(batches, levels):
            relative = losses.seen[epoch, samples]
            loss = torch.from_numpy(level * relative).float()
            sampler.update(samples, loss if per_sample else loss.mean())
            history.append(ReplayedBatch(epoch, samples, relative.mean()))
        sampler.sync()
        yield sampler.scorer.scores.numpy().copy(), history
