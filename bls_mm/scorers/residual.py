"""What a batch loss says about its samples beyond what their scores said already."""

from typing import Optional, Union

import numpy as np
import torch

from bls_mm.registry import SCORERS

from .scorer import Scorer

LEVEL_BATCHES = 10  # that the level remembers: losses may halve within some dozens
LEVEL_SAMPLES = 64  # but no fewer samples than these
SMALLEST = np.finfo(np.float32).tiny  # instead of no loss at all


@SCORERS.register_module()
class ResidualScorer(Scorer):
    r"""The loss of each sample relative to the mean, estimated from batch losses.

    A batch loss is the mean of the losses in it, so what the scores do not explain of it tells in
    which direction they are wrong. With the level :math:`m`, the running mean of some ten batches,

    .. math:: r = \frac{L(B)}{m} - \frac{1}{|B|} \sum_{j \in B} s_j, \qquad
              s_i \leftarrow s_i + \frac{r}{1 + \rho + n_i / ((1 + \rho) |B|)}
              \quad \text{for } i \in B

    where :math:`n_i` is how often the sample was scored before. Scores start at 1, the mean. An
    average keeps the losses of all who were ever in a batch with a sample; here they are taken off,
    as far as they are known. Relative losses of different epochs compare, so that a sample that was
    pruned while the loss fell does not look hard for it.

    The step is about the gain of a Kalman filter with one uncertainty for each sample, which here
    follows from the number of visits and so needs no memory: normalised least mean squares on
    :math:`L(B) = \frac{1}{|B|} \sum_j l_j` at first, and an average over visits later.

    Args:
        num_samples (int): Number of samples of the training set.
        noise (float): The :math:`\rho` above, at least 0: variance of a sample's loss from visit to
            visit, over the variance between samples. Defaults to 0.5.
        memory (float): The last term above grows no further than that, so that scores follow
            samples whose relative loss changes. Defaults to 3.
        per_sample (bool or str): Whether to learn from the loss of each sample, which then counts
            as a batch of its own. ``'auto'`` does where the model's losses come as vectors of the
            batch. Defaults to False.
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
            if not isinstance(value, (int, float)) or isinstance(value, bool) or not value >= 0:
                raise ValueError(f'{option} must be a number of at least 0, but got {value!r}')
        if per_sample not in (True, False, 'auto'):
            raise ValueError(f"per_sample must be True, False or 'auto', but got {per_sample!r}")
        self.noise = noise
        self.memory = memory
        self.needs_sample_losses: Optional[bool] = None if per_sample == 'auto' else per_sample
        self.scores.fill_(1)
        self.level = 0.0
        self.scale = 0.0  # that of negative losses is not their level
        self.batches_seen = 0

    def reduce(self, loss: torch.Tensor, batch_size: int) -> torch.Tensor:
        if self.needs_sample_losses is None:
            self.needs_sample_losses = loss.ndim > 0
        return super().reduce(loss, batch_size)

    def score(self, indices: torch.Tensor, loss: torch.Tensor) -> None:
        self._score_batches(np.array([len(indices)]), indices.numpy(), loss.reshape(-1).numpy())

    def _score_batches(self, sizes, indices, losses) -> None:
        """Takes in batches of samples that are all distinct, each with respect to its own level."""
        held = sizes > 0  # a batch may be empty, or have no sample of a finite loss
        sizes, losses = sizes[held], losses if self.needs_sample_losses else losses[held]
        starts = np.cumsum(sizes) - sizes
        scores, visits = self.scores.numpy(), self.visits.numpy()[indices]
        old = scores[indices]
        if self.needs_sample_losses:
            means = np.add.reduceat(losses, starts, dtype=np.float64) / sizes
            levels, scales = (np.repeat(each, sizes) for each in self._follow_level(sizes, means))
            residual, spread = 1 + (losses - levels) / scales - old, visits
        else:
            levels, scales = self._follow_level(sizes, losses)
            expected = np.add.reduceat(old, starts, dtype=np.float64) / sizes
            residual = np.repeat(1 + (losses - levels) / scales - expected, sizes)
            spread = visits / np.repeat(sizes, sizes)
        gain = 1 / (1 + self.noise + np.minimum(spread / (1 + self.noise), self.memory))
        scores[indices] = old + (gain * residual).astype(np.float32)

    def _follow_level(self, sizes, losses) -> tuple:
        """Returns the running mean at each batch, the batch included, and that of its size."""
        levels, scales = np.empty(len(losses)), np.empty(len(losses))
        level, scale, seen = self.level, self.scale, self.batches_seen
        for batch, (size, loss) in enumerate(zip(sizes.tolist(), losses.tolist())):
            seen += 1
            step = 1 / min(seen, max(LEVEL_BATCHES, LEVEL_SAMPLES / size))
            level += step * (loss - level)
            scale += step * (abs(loss) - scale)
            levels[batch], scales[batch] = level, scale
        self.level, self.scale, self.batches_seen = level, scale, seen
        return levels, np.maximum(scales, SMALLEST)

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
