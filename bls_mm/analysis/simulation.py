"""Simulates a run without training: plans every epoch on synthetic losses."""

from typing import List, NamedTuple, Union

import numpy as np
from torch.utils.data import ConcatDataset

from bls_mm.samplers import BLSSampler

from .rank_correlation import rank_correlation

MAX_SIMULATED = 10_000  # samples; the kept fraction hardly depends on the number of samples
HARD_FRACTION = 0.2
FALL = 7.0, 8.0  # logarithm of the factor by which losses of hard and of easy samples fall
SHAPE = 0.7  # of the gamma distribution of difficulties
NOISE = 0.5  # standard deviation of the loss of a sample over visits, relative to its mean


class PlannedEpoch(NamedTuple):
    """The plan of one epoch of a simulated run.

    Attributes:
        kept_fraction (float): Fraction of the samples that the epoch keeps.
        mean_weight (float): Mean loss weight of the kept samples.
        correlation (float): Spearman's rank correlation of the scores and the true sample losses
            when the epoch is planned. NaN before the first score, or if all scores are equal.
    """

    kept_fraction: float
    mean_weight: float
    correlation: float


class SingleClassDataset:
    """A stand-in for a training set: all samples have the same class.

    Args:
        num_samples (int): Number of samples N.
    """

    def __init__(self, num_samples: int) -> None:
        self.targets = [0] * num_samples

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> int:
        return index


class FallingLosses:
    """Synthetic losses of a training from scratch: they fall fast, hard samples a little less.

    One fifth of the samples is hard. The difficulty of a sample is gamma distributed with shape
    0.7, with mean 1 for easy and mean 3 for hard samples. After a fraction t of the run, the loss
    is the difficulty times ``exp(-r sqrt(t))``, with r = 8 for easy and r = 7 for hard samples,
    times gamma noise with mean 1 and standard deviation 0.5.

    The constants are those of 32 sets that come nearest to the rank correlations of scores in a
    recorded run, with and without pruning (``docs/estimate.md``).

    Args:
        num_samples (int): Number of samples N.
        seed (int): Random seed. Defaults to 0.
    """

    def __init__(self, num_samples: int, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        hard = self.rng.random(num_samples) < HARD_FRACTION
        self.difficulty = self.rng.gamma(SHAPE, np.where(hard, 3.0, 1.0) / SHAPE)
        self.rate = np.where(hard, *FALL)

    def expected(self, time: float) -> np.ndarray:
        """Returns the ``(N,)`` losses after a fraction of the run, without noise."""
        return self.difficulty * np.exp(-self.rate * np.sqrt(time))

    def observed(self, times: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """Returns the ``(n,)`` noisy losses of samples at ``(n,)`` times, as training sees them."""
        fall = np.exp(-self.rate[indices] * np.sqrt(times))
        noise = self.rng.gamma(NOISE**-2, NOISE**2, size=len(indices))
        return self.difficulty[indices] * fall * noise


def simulate(
    pruner: dict,
    scorer: Union[dict, str, None],
    num_samples: int,
    batch_size: int,
    max_epochs: int,
    seed: int = 0,
) -> List[PlannedEpoch]:
    """Plans every epoch of a run on :class:`FallingLosses`.

    Args:
        pruner (dict): Config of the pruner. Its guards see one source and one class.
        scorer (dict or str, optional): Config of the scorer, or ``'auto'``, which learns from batch
            losses here. None selects the sampler's default.
        num_samples (int): Number of samples. At most 10,000 are simulated.
        batch_size (int): Number of samples in a batch. They share one loss.
        max_epochs (int): Epochs of the run.
        seed (int): Random seed. Defaults to 0.

    Returns:
        list[PlannedEpoch]: One per epoch.
    """
    num_samples = min(num_samples, MAX_SIMULATED)
    losses = FallingLosses(num_samples, seed)
    options = {} if scorer is None else dict(scorer=scorer)
    dataset = ConcatDataset([SingleClassDataset(num_samples)])
    sampler = BLSSampler(dataset, pruner=pruner, seed=seed, **options)
    epochs = []
    for epoch in range(max_epochs):
        sampler.sync()
        correlation = rank_correlation(
            sampler.scorer.scores.numpy(), losses.expected(epoch / max_epochs)
        )
        sampler.plan_epoch(epoch, max_epochs)
        order = np.fromiter(sampler, dtype=np.int64, count=len(sampler))
        times = (epoch + np.arange(len(order)) / max(len(order), 1)) / max_epochs
        observed = losses.observed(times, order)
        sizes = np.diff(np.append(np.arange(0, len(order), batch_size), len(order)))
        if not sampler.scorer.needs_sample_losses:
            observed = np.add.reduceat(observed, np.cumsum(sizes) - sizes) / sizes
        sampler.scorer.update_batches(sizes, order, observed.astype(np.float32))
        plan = sampler.plan
        epochs.append(PlannedEpoch(sampler.kept_fraction, plan.mean_weight, correlation))
    return epochs
