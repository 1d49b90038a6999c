"""Upper confidence bound: keep hard samples, and samples with an uncertain score."""

from typing import Optional

import numpy as np

from bls_mm.checks import check_fraction, is_number
from bls_mm.ops.long_arrays import blocks_of
from bls_mm.ops.subsets import kept_count, top_mask
from bls_mm.registry import PRUNERS

from .pruner import Pruner

LARGEST = float(np.finfo(np.float16).max)


@PRUNERS.register_module()
class UCB(Pruner):
    r"""Keeps the samples with the largest mean plus variance of the score over time.

    Each epoch updates the averages of the samples that have been scored since the last one. With
    the score :math:`x`, the mean :math:`m` and the variance :math:`v`:

    .. math:: v \leftarrow d v + (1 - d)(x - m)^2, \qquad m \leftarrow d m + (1 - d) x

    The first score of a sample sets :math:`m`. The :math:`\lfloor (1 - r) n \rfloor` of :math:`n`
    samples with the largest :math:`m + c v` are kept; all weights are 1. It does not anneal by
    default.

    Memory: 5 bytes per sample. :math:`m`, :math:`\sqrt v` and :math:`m + c v` are stored in
    float16: the relative error is at most 1/2048 (3e-8 absolute below 6e-5), the maximum 65,504.

    Source: Raju et al., arXiv 2111.12621, with the moving averages of the InfoBatch authors'
    implementation, which selects every 10 epochs (``interval=10``).

    Args:
        prune_ratio (float): The :math:`r` above, in ``[0, 1)``. Defaults to 0.3.
        confidence (float): The :math:`c` above, at least 0. Defaults to 1.0.
        decay (float): The :math:`d` above, the weight of the old average, in ``[0, 1)``. Defaults
            to 0.2.
    """

    delta = 1.0
    shardable = True

    def __init__(
        self, prune_ratio: float = 0.3, confidence: float = 1.0, decay: float = 0.2
    ) -> None:
        check_fraction('prune_ratio', prune_ratio, below=1)
        check_fraction('decay', decay, below=1)
        if not is_number(confidence) or not confidence >= 0:
            raise ValueError(f'confidence must be a number of at least 0, but got {confidence!r}')
        self.prune_ratio = prune_ratio
        self.confidence = confidence
        self.decay = decay
        self.mean: Optional[np.ndarray] = None  # (N,) float16
        self.deviation: Optional[np.ndarray] = None  # (N,) float16, the root of the variance
        self.previous_visits: Optional[np.ndarray] = None  # (N,), at the last update

    def rank_by(self, scores, visits):
        if self.mean is None:
            self.mean, self.deviation = np.zeros((2, len(scores)), dtype=np.float16)
            self.previous_visits = np.zeros_like(visits)
        bound = np.empty_like(self.mean)
        for block in blocks_of(len(scores)):
            bound[block] = self._update(block, scores[block], visits[block])
        if self.previous_visits.dtype == visits.dtype:
            self.previous_visits[:] = visits
        else:
            self.previous_visits = visits.copy()
        return bound

    def _update(self, block: slice, scores: np.ndarray, visits: np.ndarray) -> np.ndarray:
        """Updates the averages of a block; returns its upper bounds, float16."""
        previous_visits = self.previous_visits[block]
        mean = self.mean[block].astype(np.float32)
        variance = np.square(self.deviation[block], dtype=np.float32)
        first = (visits > 0) & (previous_visits == 0)
        mean[first] = scores[first]
        again = (visits > previous_visits) & ~first
        change = scores[again] - mean[again]
        variance[again] = self.decay * variance[again] + (1 - self.decay) * change**2
        mean[again] += (1 - self.decay) * change
        self.mean[block] = _to_float16(mean)
        self.deviation[block] = _to_float16(np.sqrt(variance))
        return _to_float16(mean + self.confidence * variance)

    def prune(self, scores, scored, rng, progress):
        kept = kept_count(progress.shards.count(scored), self.prune_ratio)
        return top_mask(scores, scored, kept, rng, progress.shards), None

    def state_dict(self):
        if self.mean is None:
            return {}
        return {
            'mean': self.mean,
            'deviation': self.deviation,
            'visits_then': self.previous_visits,  # the name of version 0.1
        }

    def load_state_dict(self, state):
        self.mean, self.deviation, self.previous_visits = (
            state[name].copy() if name in state else None
            for name in ('mean', 'deviation', 'visits_then')
        )


def _to_float16(values: np.ndarray) -> np.ndarray:
    """Converts to float16; values beyond its range become its largest or smallest value."""
    return np.clip(values, -LARGEST, LARGEST).astype(np.float16)
