"""A run without training: what a pruner keeps of samples whose losses are made up."""

from typing import List, NamedTuple, Union

import numpy as np
import torch
from torch.utils.data import ConcatDataset

from bls_mm.samplers import BLSSampler

from .fidelity import rank_correlation

MOST_SIMULATED = 10_000  # samples; the shares that a pruner keeps hardly depend on the number
HARD_SHARE = 0.2


class PlannedEpoch(NamedTuple):
    """What was kept in one epoch of a simulated run.

    Attributes:
        kept_ratio (float): Share of the samples.
        mean_weight (float): Mean loss weight of these.
        correlation (float): Spearman's rank correlation of scores and true sample losses as the
            epoch is planned; nan before anything was scored, or where all scores are equal.
    """

    kept_ratio: float
    mean_weight: float
    correlation: float


class AlikeSamples:
    """Stands in for a training set: samples of one class, from one source.

    Args:
        num_samples (int): Number of samples N.
    """

    def __init__(self, num_samples: int) -> None:
        self.targets = [0] * num_samples

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> int:
        return index


class GammaLosses:
    """Losses of samples that get easier, the hard ones more slowly.

    A fifth of the samples is hard. The difficulty of a sample is gamma distributed, with mean 1
    (easy) or 3 (hard). In epoch e of E its loss is the difficulty times ``exp(-r e / E)``, with
    r = 3 (easy) or 1 (hard), times gamma noise of mean 1 and deviation 0.25, which stands for
    augmentation.

    Args:
        num_samples (int): Number of samples N.
        max_epochs (int): Epochs E of the run.
        seed (int): Seed.
    """

    def __init__(self, num_samples: int, max_epochs: int, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        hard = self.rng.random(num_samples) < HARD_SHARE
        self.difficulty = self.rng.gamma(2, np.where(hard, 1.5, 0.5))
        self.rate = np.where(hard, 1.0, 3.0) / max_epochs

    def expected(self, epoch: int) -> np.ndarray:
        """``(N,)``, the losses of an epoch without noise."""
        return self.difficulty * np.exp(-self.rate * epoch)

    def observed(self, epoch: int, indices: np.ndarray) -> np.ndarray:
        """``(B,)``, losses of some samples as training would see them."""
        return self.expected(epoch)[indices] * self.rng.gamma(16, 1 / 16, size=len(indices))


def simulate(
    pruner: dict,
    scorer: Union[dict, str, None],
    num_samples: int,
    batch_size: int,
    max_epochs: int,
    seed: int = 0,
) -> List[PlannedEpoch]:
    """Plans every epoch of a run under :class:`GammaLosses`.

    Args:
        pruner (dict): Config of the pruner. Its guards see one source and one class.
        scorer (dict or str, optional): Config of the scorer, or ``'auto'``, which here learns from
            batch losses; None for the sampler's default.
        num_samples (int): Number of samples; beyond 10,000 so many stand for all.
        batch_size (int): Samples of one batch, which share a loss.
        max_epochs (int): Epochs of the run.
        seed (int): Seed.

    Returns:
        list[PlannedEpoch]: One for each epoch.
    """
    num_samples = min(num_samples, MOST_SIMULATED)
    losses = GammaLosses(num_samples, max_epochs, seed)
    options = {} if scorer is None else dict(scorer=scorer)
    dataset = ConcatDataset([AlikeSamples(num_samples)])
    sampler = BLSSampler(dataset, pruner=pruner, seed=seed, **options)
    sampler.max_epochs = max_epochs
    epochs = []
    for epoch in range(max_epochs):
        correlation = rank_correlation(sampler.scorer.scores.numpy(), losses.expected(epoch))
        sampler.set_epoch(epoch)
        order = np.fromiter(sampler, dtype=np.int64, count=len(sampler))
        observed = losses.observed(epoch, order)
        sizes = np.diff(np.append(np.arange(0, len(order), batch_size), len(order)))
        if not sampler.scorer.needs_sample_losses:
            observed = np.add.reduceat(observed, np.cumsum(sizes) - sizes) / sizes
        sampler.scorer.update_many(
            torch.from_numpy(sizes),
            torch.from_numpy(order),
            torch.from_numpy(observed.astype(np.float32)),
        )
        epochs.append(PlannedEpoch(sampler.kept_ratio, sampler.mean_weight, correlation))
    return epochs
