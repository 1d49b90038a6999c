r"""Analyses the score as a low-pass filter of batch losses. Pure functions; spectra need SciPy.

A batch loss is the mean of the losses of its samples:
:math:`L = l_i / B + \frac{1}{B} \sum_{j \ne i} l_j`. The Batch Loss Score paper (arXiv 2604.04681,
section 4) calls the first term signal and the second noise. It argues that the moving average over
visits keeps the signal, which has low frequencies, and removes the noise. The unit of time is one
visit of the sample, which is one epoch, so the highest frequency is 0.5 cycles per visit.
"""

from typing import NamedTuple

import numpy as np

from .loss_record import LossRecord


def impulse_response(alpha: float, length: int) -> np.ndarray:
    r"""Returns :math:`h_n = (1 - \alpha) \alpha^n`, the weight of a batch loss n visits later.

    Args:
        alpha (float): Coefficient of the moving average, in [0, 1).
        length (int): Number of visits.

    Returns:
        np.ndarray: ``(length,)``.
    """
    return (1 - alpha) * alpha ** np.arange(length)


def frequency_response(alpha: float, frequencies: np.ndarray) -> np.ndarray:
    r"""Returns the gain :math:`|H| = (1 - \alpha) / \sqrt{1 - 2 \alpha \cos \omega + \alpha^2}`.

    Args:
        alpha (float): Coefficient of the moving average, in [0, 1).
        frequencies (np.ndarray): Cycles per visit, :math:`\omega / 2 \pi`, in [0, 0.5].

    Returns:
        np.ndarray: The gain at each frequency.
    """
    cosine = np.cos(2 * np.pi * np.asarray(frequencies))
    return (1 - alpha) / np.sqrt(1 - 2 * alpha * cosine + alpha**2)


def noise_gain(alpha: float) -> float:
    r"""Returns :math:`(1 - \alpha) / (1 + \alpha)`, the fraction of white noise variance kept."""
    return (1 - alpha) / (1 + alpha)


class Parts(NamedTuple):
    """The two parts of batch losses, for each sample and visit: own + noise = batch loss.

    Attributes:
        own (np.ndarray): ``(N, E)``, true loss of a sample divided by the batch size.
        noise (np.ndarray): ``(N, E)``, the rest of the batch loss: the losses of the other samples,
            and the difference between training loss and true loss.
    """

    own: np.ndarray
    noise: np.ndarray

    def without_common_trend(self) -> 'Parts':
        """Subtracts the mean over all samples at each visit, which does not affect ranks."""
        return Parts(*(part - part.mean(axis=0) for part in self))

    def relative(self) -> 'Parts':
        """Divides both parts at each visit by the mean batch loss of that epoch."""
        mean = (self.own + self.noise).mean(axis=0)
        return Parts(*(part / mean for part in self))


def decompose(record: LossRecord) -> Parts:
    """Splits the batch losses of a run without pruning, for the samples with known true losses.

    Args:
        record (LossRecord): The run.

    Returns:
        Parts: The parts of the N measured samples in E epochs.

    Raises:
        ValueError: If the run did not see every sample once per epoch.
    """
    epochs, num_samples = record.true_losses.shape
    if len(record.indices) != epochs * num_samples:
        raise ValueError(
            'the record must contain every sample once per epoch; record a run of NoPruning'
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
    """Returns Welch's estimate of the power spectrum, averaged over all samples.

    Args:
        series (np.ndarray): ``(N, E)``, one value per sample and visit.

    Returns:
        tuple: ``(F,)`` frequencies in cycles per visit, and ``(F,)`` power densities. Frequency 0
        is excluded; see :func:`constant_power`.
    """
    from scipy.signal import welch

    length = series.shape[1]
    frequencies, power = welch(series, nperseg=length, detrend='constant', axis=1)
    return frequencies[1:], power[:, 1:].mean(axis=0)


def constant_power(series: np.ndarray) -> float:
    """Returns the variance over samples of their means over visits: the power at frequency 0."""
    return float(series.mean(axis=1).var())


def low_fraction(frequencies: np.ndarray, power: np.ndarray, cutoff: float = 0.25) -> float:
    """Returns the fraction of the power at frequencies up to a cutoff: 0.5 for white noise."""
    return float(power[frequencies <= cutoff].sum() / power.sum())
