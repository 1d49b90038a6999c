"""Upper confidence bound: hard samples, and samples of which we are unsure."""

from typing import Optional

import numpy as np

from bls_mm.registry import PRUNERS

from .blocks import blocks_of
from .choose import count_kept, top_mask
from .pruner import Pruner, check_share

LARGEST = float(np.finfo(np.float16).max)


@PRUNERS.register_module()
class UCB(Pruner):
    r"""Keeps the samples with the highest mean plus variance of the score over time.

    For each sample that was scored since the last selection, with score :math:`x`:

    .. math:: v \leftarrow d v + (1 - d)(x - m)^2, \qquad m \leftarrow d m + (1 - d) x

    and the :math:`\lfloor (1 - r) n \rfloor` samples of largest :math:`m + c v` stay. The first
    score sets :math:`m`. Source: Raju et al., arXiv 2111.12621, with the moving averages of the
    InfoBatch authors' re-implementation.

    It keeps 5 bytes a sample of its own: :math:`m`, :math:`\sqrt v` and the rank are rounded to
    float16, by at most a 2,048th of their size (below 6e-5 by 3e-8), and end at 65,504.

    Args:
        prune_ratio (float): The :math:`r` above, in ``[0, 1)``. Defaults to 0.3.
        confidence (float): The :math:`c` above, at least 0. Defaults to 1.0.
        decay (float): The :math:`d` above, in ``[0, 1)``: how much of the old average is kept.
            Defaults to 0.2.
        delta (float): Share of the epochs that prune. Defaults to 1.0, no annealing.
        interval (int): Select anew every so many epochs (the re-implementation: 10). Defaults to 1.
    """

    shardable = True

    def __init__(
        self,
        prune_ratio: float = 0.3,
        confidence: float = 1.0,
        decay: float = 0.2,
        delta: float = 1.0,
        interval: int = 1,
    ) -> None:
        super().__init__(delta, interval)
        check_share('prune_ratio', prune_ratio, below=1)
        check_share('decay', decay, below=1)
        if not isinstance(confidence, (int, float)) or confidence < 0:
            raise ValueError(f'confidence must be at least 0, but got {confidence!r}')
        self.prune_ratio = prune_ratio
        self.confidence = confidence
        self.decay = decay
        self.mean: Optional[np.ndarray] = None
        self.deviation: Optional[np.ndarray] = None
        self.visits_then: Optional[np.ndarray] = None

    def rank_by(self, scores, visits):
        if self.mean is None:
            self.mean, self.deviation = np.zeros((2, len(scores)), dtype=np.float16)
            self.visits_then = np.zeros_like(visits)
        rank = np.empty_like(self.mean)
        for block in blocks_of(len(scores)):
            score, seen, then = scores[block], visits[block], self.visits_then[block]
            mean = self.mean[block].astype(np.float32)
            variance = np.square(self.deviation[block], dtype=np.float32)
            first = (seen > 0) & (then == 0)
            mean[first] = score[first]
            again = (seen > then) & ~first
            surprise = score[again] - mean[again]
            variance[again] = self.decay * variance[again] + (1 - self.decay) * surprise**2
            mean[again] += (1 - self.decay) * surprise
            self.mean[block] = _halve(mean)
            self.deviation[block] = _halve(np.sqrt(variance))
            rank[block] = _halve(mean + self.confidence * variance)
        if self.visits_then.dtype == visits.dtype:
            self.visits_then[:] = visits
        else:
            self.visits_then = visits.copy()
        return rank

    def prune(self, scores, scored, epoch, rng):
        kept = count_kept(self.shards.count(scored), self.prune_ratio)
        return top_mask(scores, scored, kept, rng, self.shards), None

    def state_dict(self):
        state = super().state_dict()
        if self.mean is not None:
            state.update(mean=self.mean, deviation=self.deviation, visits_then=self.visits_then)
        return state

    def load_state_dict(self, state):
        super().load_state_dict(state)
        self.mean, self.deviation, self.visits_then = (
            state[name].copy() if name in state else None
            for name in ('mean', 'deviation', 'visits_then')
        )


def _halve(values: np.ndarray) -> np.ndarray:
    """Returns values as float16, the largest it holds in place of larger ones."""
    return np.clip(values, -LARGEST, LARGEST).astype(np.float16)
