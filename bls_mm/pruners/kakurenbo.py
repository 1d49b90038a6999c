"""KAKURENBO, with scores only: hide the easiest samples, unless they become harder."""

from typing import Optional, Sequence

import numpy as np

from bls_mm.checks import check_fraction, check_int_between
from bls_mm.ops.subsets import TOLERANCE, top_mask
from bls_mm.registry import PRUNERS

from .progress import Progress
from .pruner import Pruner


@PRUNERS.register_module()
class Kakurenbo(Pruner):
    r"""Hides the samples with the lowest scores, but not those that become harder.

    Candidates are the :math:`\lfloor F n \rfloor` of :math:`n` samples with the lowest scores. A
    candidate is hidden, unless its score increased since the last selection, or the last
    ``hidden_for`` selections hid it. The run is divided into as many equal parts as there are
    ``factors``; in each part :math:`F` is ``prune_ratio`` times its factor. It does not anneal by
    default. Memory: 5 bytes per sample.

    Source: KAKURENBO, NeurIPS 2023, arXiv 2310.10102. Two differences:

    - The original moves a candidate back if its prediction is wrong or uncertain. This needs a
      forward pass over the hidden samples in every epoch. The two conditions above replace it.
    - The original multiplies the learning rate by :math:`1 / (1 - F)`, because an epoch has fewer
      steps. Here the learning rate is left to the schedule.

    Args:
        prune_ratio (float): The largest :math:`F`, in ``[0, 1)``. Defaults to 0.3.
        factors (sequence[float]): Factors in ``[0, 1]``, one for each part of the run. Defaults to
            ``(1, 0.8, 0.6, 0.4)``, those of the original.
        hidden_for (int): The maximum number of consecutive selections that hide a sample, from 1 to
            254. Defaults to 3.
    """

    delta = 1.0

    def __init__(
        self,
        prune_ratio: float = 0.3,
        factors: Sequence[float] = (1, 0.8, 0.6, 0.4),
        hidden_for: int = 3,
    ) -> None:
        check_fraction('prune_ratio', prune_ratio, below=1)
        if not isinstance(factors, (list, tuple)) or not factors:
            raise ValueError(f'factors must be a list of fractions, but got {factors!r}')
        for factor in factors:
            check_fraction('factors', factor)
        check_int_between('hidden_for', hidden_for, 1, 254)
        self.prune_ratio = prune_ratio
        self.factors = factors
        self.hidden_for = hidden_for
        self.previous_scores: Optional[np.ndarray] = None  # (N,) float32
        self.times_hidden: Optional[np.ndarray] = None  # (N,) uint8, by consecutive selections

    def prune(self, scores, scored, rng, progress):
        if self.times_hidden is None:
            self.times_hidden = np.zeros(len(scores), dtype=np.uint8)
            self.previous_scores = scores.copy()
        count = int(self._fraction(progress) * np.count_nonzero(scored) + TOLERANCE)
        hidden = top_mask(-scores, scored, count, rng)
        hidden &= ~(scores > self.previous_scores)
        hidden &= self.times_hidden < self.hidden_for
        self.previous_scores = scores.copy()
        self.times_hidden += hidden
        self.times_hidden[~hidden] = 0
        return ~hidden, None

    def _fraction(self, progress: Progress) -> float:
        """Returns the :math:`F` of an epoch; the largest if the length of the run is unknown."""
        part = 0
        if progress.max_epochs is not None:
            parts = len(self.factors)
            part = min(parts * progress.epoch // progress.max_epochs, parts - 1)
        return self.prune_ratio * self.factors[part]

    def state_dict(self):
        if self.times_hidden is None:
            return {}
        # the names of version 0.1
        return {'scores_then': self.previous_scores, 'hidden': self.times_hidden}

    def load_state_dict(self, state):
        self.previous_scores, self.times_hidden = (
            state[name].copy() if name in state else None for name in ('scores_then', 'hidden')
        )
