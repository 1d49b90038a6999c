"""Losses of samples over a run, simulated or recorded, played through a sampler in any batches."""

from typing import Callable, Iterator, List, NamedTuple, Tuple

import numpy as np
import torch

from bls_mm.samplers import BLSSampler

from .loss_recorder import LossRecord

LEVEL_WIDTH = 501  # samples over which the mean loss of a time is taken


class Losses(NamedTuple):
    """Losses of N samples in E epochs.

    Attributes:
        seen (np.ndarray): ``(E, N)``, the loss of a sample when it is trained on in an epoch, over
            the mean loss of that time.
        truth (np.ndarray): ``(E, N)``, true losses after each epoch; nan where they are not known.
        level (Callable): Takes times in epochs, and gives the mean losses of these times.
    """

    seen: np.ndarray
    truth: np.ndarray
    level: Callable[[np.ndarray], np.ndarray]


class Batch(NamedTuple):
    """A batch of a run that was played: its epoch, samples ``(B,)``, and loss over the level."""

    epoch: int
    samples: np.ndarray
    relative_loss: float


def simulated_losses(seed: int, num_samples: int = 4096, epochs: int = 30) -> Losses:
    """Gamma-distributed losses with multiplicative noise of 0.5, which decay to a 20th."""
    rng = np.random.default_rng(seed)
    truth = rng.gamma(1.0, 1.0, num_samples)
    noise = np.maximum(1 + 0.5 * rng.standard_normal((epochs, num_samples)), 0)
    return Losses(
        truth * noise, np.tile(truth, (epochs, 1)), lambda times: np.exp(-3 * times / epochs)
    )


def recorded_losses(record: LossRecord) -> Losses:
    """The losses of a recorded run.

    Raises:
        ValueError: If it has the losses of batches only, or pruned.
    """
    epochs, num_samples = record.true_losses.shape
    if len(record.losses) != epochs * num_samples:
        raise ValueError(
            'the record must have the loss of every sample in every epoch; record a run of '
            'NoPruning with a model whose losses come unreduced'
        )
    times = np.arange(len(record.losses)) / num_samples
    padded = np.pad(record.losses.astype(np.float64), LEVEL_WIDTH // 2, mode='symmetric')
    levels = np.convolve(padded, np.ones(LEVEL_WIDTH) / LEVEL_WIDTH, mode='valid')
    seen = np.empty((epochs, num_samples))
    seen[np.repeat(record.epochs, record.sizes), record.indices] = record.losses / levels
    return Losses(seen, record.true_losses, lambda at: np.interp(at, times, levels))


def play(
    losses: Losses, batch_size: int, scorer: dict, pruner: dict, seed: int
) -> Iterator[Tuple[np.ndarray, List[Batch]]]:
    """Plays a run through a sampler, pruning included.

    Args:
        losses (Losses): Of N samples in E epochs.
        batch_size (int): Number of samples of a batch.
        scorer (dict): Config of a scorer.
        pruner (dict): Config of a pruner.
        seed (int): Of the sampler.

    Yields:
        tuple: The scores after each of the E epochs, ``(N,)``, and its batches.
    """
    epochs, num_samples = losses.seen.shape
    sampler = BLSSampler(range(num_samples), scorer=scorer, pruner=pruner, seed=seed)
    sampler.max_epochs = epochs
    per_sample = sampler.scorer.needs_sample_losses
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        order = np.fromiter(sampler, dtype=np.int64)
        batches = np.split(order, range(batch_size, len(order), batch_size))
        levels = losses.level(epoch + np.arange(len(batches)) / len(batches))
        history = []
        for samples, level in zip(batches, levels):
            relative = losses.seen[epoch, samples]
            loss = torch.from_numpy(level * relative).float()
            sampler.update(samples, loss if per_sample else loss.mean())
            history.append(Batch(epoch, samples, relative.mean()))
        yield sampler.scorer.scores.numpy().copy(), history
