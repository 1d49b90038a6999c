"""KAKURENBO by scores alone: hide the easiest samples, unless they have become harder."""

from typing import Optional, Sequence

import numpy as np

from bls_mm.registry import PRUNERS

from .choose import top_mask
from .pruner import ROUNDING, Pruner, check_share


@PRUNERS.register_module()
class Kakurenbo(Pruner):
    r"""Hides the samples of lowest score, and moves back those that have become harder.

    The :math:`\lfloor F n \rfloor` samples of lowest score are candidates. A candidate is hidden
    unless its last training raised its score, or it was hidden for ``hidden_for`` epochs in a row:
    two signs that can be had from scores, in the place of the original's, a wrong or an unsure
    prediction, which take a forward pass over the hidden samples in every epoch.
    The fraction :math:`F` falls in steps over the run: ``prune_ratio`` times a factor for each of
    as many equal parts of the epochs.

    Source: KAKURENBO (NeurIPS 2023, arXiv 2310.10102). Its learning rate of :math:`1 / (1 - F)` is
    left to the user: there it makes up for fewer steps at the same epochs. It keeps 5 bytes a
    sample.

    Args:
        prune_ratio (float): The largest :math:`F`, in ``[0, 1)``. Defaults to 0.3.
        factors (sequence[float]): Factors in ``[0, 1]`` of the parts of the run. Defaults to
            ``(1, 0.8, 0.6, 0.4)``, those of the original's learning-rate steps.
        hidden_for (int): A sample is hidden in at most so many epochs in a row. Defaults to 3.
        delta (float): Share of the epochs that prune. Defaults to 1.0, no annealing.
    """

    def __init__(
        self,
        prune_ratio: float = 0.3,
        factors: Sequence[float] = (1, 0.8, 0.6, 0.4),
        hidden_for: int = 3,
        delta: float = 1.0,
    ) -> None:
        super().__init__(delta)
        check_share('prune_ratio', prune_ratio, below=1)
        if not isinstance(factors, (list, tuple)) or not factors:
            raise ValueError(f'factors must be a list of shares, but got {factors!r}')
        for factor in factors:
            check_share('factors', factor)
        if not isinstance(hidden_for, int) or not 1 <= hidden_for <= 254:
            raise ValueError(f'hidden_for must be an integer from 1 to 254, got {hidden_for!r}')
        self.prune_ratio = prune_ratio
        self.factors = factors
        self.hidden_for = hidden_for
        self.part = 0
        self.scores_then: Optional[np.ndarray] = None
        self.hidden: Optional[np.ndarray] = None

    def select(self, scores, visits, epoch, max_epochs, rng):
        parts = len(self.factors)
        self.part = 0 if max_epochs is None else min(parts * epoch // max_epochs, parts - 1)
        return super().select(scores, visits, epoch, max_epochs, rng)

    def prune(self, scores, scored, epoch, rng):
        if self.hidden is None:
            self.hidden = np.zeros(len(scores), dtype=np.uint8)
            self.scores_then = scores.copy()
        count = np.count_nonzero(scored)
        fraction = self.prune_ratio * self.factors[self.part]
        easiest = top_mask(-scores, scored, int(fraction * count + ROUNDING), rng)
        easiest &= ~(scores > self.scores_then)  # moved back: it has become harder
        easiest &= self.hidden < self.hidden_for
        self.scores_then = scores.copy()
        self.hidden += easiest
        self.hidden[~easiest] = 0
        return ~easiest, None

    def state_dict(self):
        state = super().state_dict()
        if self.hidden is not None:
            state.update(scores_then=self.scores_then, hidden=self.hidden)
        return state

    def load_state_dict(self, state):
        super().load_state_dict(state)
        self.scores_then, self.hidden = (
            state[name].copy() if name in state else None for name in ('scores_then', 'hidden')
        )
