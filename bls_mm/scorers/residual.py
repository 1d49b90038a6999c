"""Scores from the part of each batch loss that the scores of its samples do not explain."""

from typing import List, Optional, Union

import numpy as np
import torch

from bls_mm.checks import check_choice, is_number
from bls_mm.registry import SCORERS

from .scorer import Scorer

LEVEL_BATCHES = 10  # batches that the level averages: losses may halve within a few dozen batches
LEVEL_SAMPLES = 64  # the level averages at least this many samples
SMALLEST = np.finfo(np.float32).tiny  # divisor as long as all losses are 0


@SCORERS.register_module()
class ResidualScorer(Scorer):
    r"""The loss of each sample relative to the mean loss, estimated from batch losses.

    A batch loss is the mean of the losses of its samples. The residual, the part that their scores
    do not explain, is the direction in which the scores are wrong. With the level :math:`m`, a
    running mean of about ten batch losses (of more if they have fewer than 64 samples), and the
    running mean :math:`a` of absolute losses,

    .. math:: r = 1 + \frac{L(B) - m}{a} - \frac{1}{|B|} \sum_{j \in B} s_j, \qquad
              s_i \leftarrow s_i + \frac{r}{1 + \rho + n_i / ((1 + \rho) |B|)}
              \quad \text{for } i \in B

    where :math:`n_i` is the number of earlier visits. Scores start at 1, the mean. For losses of at
    least 0, :math:`a = m` and the first two terms are :math:`L(B) / m`. Losses of both signs may
    cancel in :math:`m`, but not in :math:`a`, so that scores stay finite.

    A moving average keeps the losses of all samples that were ever in a batch with a sample; the
    residual subtracts them as far as they are known. Relative losses of different epochs are
    comparable: a sample that was pruned while the loss fell does not look hard afterwards.

    The step is approximately the gain of a Kalman filter with one variance for each sample, which
    the number of visits determines, so that it needs no memory. It starts as normalised least mean
    squares on :math:`L(B) = \frac{1}{|B|} \sum_j l_j` and becomes an average over visits.

    Args:
        num_samples (int): Number of samples of the training set.
        noise (float): The :math:`\rho` above, at least 0: variance of a sample's loss from visit to
            visit, divided by the variance between samples. Defaults to 0.5.
        memory (float): Upper bound of the last term of the denominator, so that scores follow
            samples whose relative loss changes. Defaults to 3.
        per_sample (bool or str): Whether to use the loss of each sample as a batch of its own.
            ``'auto'`` does so if the first loss has shape ``(B,)``; a later batch loss then counts
            as the loss of each of its samples. Defaults to False.

    Attributes:
        needs_sample_losses (bool, optional): None as long as ``per_sample='auto'`` has seen no
            loss.
        level (float): The :math:`m` above.
        scale (float): The :math:`a` above.
        batches_seen (int): Number of batches in them.
    """

    def __init__(
        self,
        num_samples: int,
        noise: float = 0.5,
        memory: float = 3.0,
        per_sample: Union[bool, str] = False,
    ) -> None:
        super().__init__(num_samples)
        for option, value in dict(noise=noise, memory=memory).items():
            if not is_number(value) or not value >= 0:
                raise ValueError(f'{option} must be a number of at least 0, but got {value!r}')
        check_choice('per_sample', per_sample, (True, False, 'auto'))
        self.noise = noise
        self.memory = memory
        self.needs_sample_losses: Optional[bool] = None if per_sample == 'auto' else per_sample
        self.accepts_any_loss = per_sample is not True
        self.scores.fill_(1)
        self.level = 0.0
        self.scale = 0.0
        self.batches_seen = 0

    def as_loss(self, loss: torch.Tensor, batch_size: int) -> torch.Tensor:
        if self.needs_sample_losses is None:
            self.needs_sample_losses = loss.ndim > 0
        return super().as_loss(loss, batch_size)

    def score(self, sizes: np.ndarray, indices: np.ndarray, losses: np.ndarray) -> None:
        self.needs_sample_losses = bool(self.needs_sample_losses)  # 'auto' without as_loss: False
        starts = np.cumsum(sizes) - sizes
        scores, visits = self.scores.numpy(), self.visits.numpy()[indices]
        old = scores[indices]
        if self.needs_sample_losses:
            means = np.add.reduceat(losses, starts, dtype=np.float64) / sizes
            magnitudes = np.add.reduceat(np.abs(losses), starts, dtype=np.float64) / sizes
            levels, scales = self._follow_level(sizes, means, magnitudes)
            levels, scales = np.repeat(levels, sizes), np.repeat(scales, sizes)
            residuals, spread = 1 + (losses - levels) / scales - old, visits
        else:
            levels, scales = self._follow_level(sizes, losses, np.abs(losses))
            expected = np.add.reduceat(old, starts, dtype=np.float64) / sizes
            residuals = np.repeat(1 + (losses - levels) / scales - expected, sizes)
            spread = visits / np.repeat(sizes, sizes)
        gains = 1 / (1 + self.noise + np.minimum(spread / (1 + self.noise), self.memory))
        scores[indices] = old + (gains * residuals).astype(np.float32)

    def _follow_level(self, sizes: np.ndarray, means: np.ndarray, magnitudes: np.ndarray) -> tuple:
        """Returns level and scale of each batch, which include the batch, and keeps the last."""
        seen = self.batches_seen + np.arange(1, len(sizes) + 1)
        steps = 1 / np.minimum(seen, np.maximum(LEVEL_BATCHES, LEVEL_SAMPLES / sizes))
        levels = running_means(self.level, means, steps)
        scales = running_means(self.scale, magnitudes, steps)
        self.level, self.scale, self.batches_seen = levels[-1], scales[-1], int(seen[-1])
        return np.array(levels), np.maximum(scales, SMALLEST)

    def state_dict(self) -> dict:
        return {
            **super().state_dict(),
            'level': self.level,
            'scale': self.scale,
            'batches_seen': self.batches_seen,
            'per_sample': 'auto' if self.needs_sample_losses is None else self.needs_sample_losses,
        }

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self.level = float(state['level'])
        self.scale = float(state['scale'])
        self.batches_seen = int(state['batches_seen'])
        per_sample = state['per_sample']
        self.needs_sample_losses = None if per_sample == 'auto' else per_sample


def running_means(mean: float, values: np.ndarray, steps: np.ndarray) -> List[float]:
    """Returns the mean after each value, if each moves it by its step towards the value."""
    means = []
    for value, step in zip(values.tolist(), steps.tolist()):
        mean += step * (value - mean)
        means.append(mean)
    return means
