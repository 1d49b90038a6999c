r"""The score as a filter, and what it filters. Pure functions; spectra need SciPy.

A batch loss is a sample's own loss, scaled down, plus those of whoever else was in the batch:
:math:`L = l_i / B + \frac{1}{B} \sum_{j \ne i} l_j`. The Batch Loss Score paper (arXiv 2604.04681,
section 4) calls these signal and noise, and argues that the average of visits keeps the first,
since it is of low frequency, and takes away the second. The unit of time is a visit of the sample:
an epoch, and the highest frequency is one half.
"""

from typing import NamedTuple

import numpy as np

from .loss_recorder import LossRecord


def impulse_response(alpha: float, length: int) -> np.ndarray:
    r""":math:`h_n = (1 - \alpha) \alpha^n`: what n visits later is left of one batch loss.

    Args:
        alpha (float): Of the moving average.
        length (int): Number of visits.

    Returns:
        np.ndarray: ``(length,)``.
    """
    return (1 - alpha) * alpha ** np.arange(length)


def frequency_response(alpha: float, frequencies: np.ndarray) -> np.ndarray:
    r""":math:`|H| = (1 - \alpha) / \sqrt{1 - 2 \alpha \cos \omega + \alpha^2}`.

    Args:
        alpha (float): Of the moving average.
        frequencies (np.ndarray): Cycles a visit, :math:`\omega / 2 \pi`, in ``[0, 0.5]``.

    Returns:
        np.ndarray: The gain at each.
    """
    cosine = np.cos(2 * np.pi * np.asarray(frequencies))
    return (1 - alpha) / np.sqrt(1 - 2 * alpha * cosine + alpha**2)


def noise_gain(alpha: float) -> float:
    r""":math:`(1 - \alpha) / (1 + \alpha)`: how much of the variance of white noise is left."""
    return (1 - alpha) / (1 + alpha)


class Parts(NamedTuple):
    """Batch losses, sample by sample and visit by visit, in two parts: own + noise = batch loss.

    Attributes:
        own (np.ndarray): ``(N, E)``, a sample's true loss over the batch size.
        noise (np.ndarray): ``(N, E)``, all else in the batch loss: who else was in it, and how much
            the loss in training differs from the true one.
    """

    own: np.ndarray
    noise: np.ndarray

    def without_common_trend(self) -> 'Parts':
        """Takes off what all samples share at each visit, which puts none before another."""
        return Parts(*(part - part.mean(axis=0) for part in self))

    def relative(self) -> 'Parts':
        """Measures both at each visit in units of the mean batch loss of that epoch."""
        mean = (self.own + self.noise).mean(axis=0)
        return Parts(*(part / mean for part in self))


def decompose(record: LossRecord) -> Parts:
    """Splits the batch losses of a run without pruning, for the samples of known true loss.

    Args:
        record (LossRecord): The run.

    Returns:
        Parts: Of the N measured samples in E epochs.

    Raises:
        ValueError: If some sample was not seen once in each epoch.
    """
    epochs, num_samples = record.true_losses.shape
    if len(record.indices) != epochs * num_samples:
        raise ValueError(
            'the record must have every sample once in every epoch; record a run of NoPruning'
        )
    starts = np.cumsum(record.sizes) - record.sizes
    batch_losses = record.losses
    if len(batch_losses) != len(record.sizes):
        batch_losses = np.add.reduceat(record.losses, starts) / record.sizes
    place = np.repeat(record.epochs, record.sizes), record.indices
    losses, sizes = np.empty((2, epochs, num_samples))
    losses[place] = np.repeat(batch_losses, record.sizes)
    sizes[place] = np.repeat(record.sizes, record.sizes)
    known = np.isfinite(record.true_losses).all(axis=0)
    own = (record.true_losses / sizes)[:, known].T
    return Parts(own, losses[:, known].T - own)


def power_spectrum(series: np.ndarray) -> tuple:
    """Welch's estimate of the power at each frequency, the mean over all samples.

    Args:
        series (np.ndarray): ``(N, E)``, a value of each sample at each visit.

    Returns:
        tuple: ``(F,)`` frequencies in cycles a visit, and ``(F,)`` power densities. What is
        constant over visits is not in it; :func:`constant_power` is.
    """
    from scipy.signal import welch

    length = series.shape[1]
    frequencies, power = welch(series, nperseg=length, detrend='constant', axis=1)
    return frequencies[1:], power[:, 1:].mean(axis=0)


def constant_power(series: np.ndarray) -> float:
    """Variance over samples of their mean over visits: what is of frequency 0 and tells apart."""
    return float(series.mean(axis=1).var())


def low_share(frequencies: np.ndarray, power: np.ndarray, cutoff: float = 0.25) -> float:
    """Share of the power at frequencies up to a cutoff; one half for white noise."""
    return float(power[frequencies <= cutoff].sum() / power.sum())
