"""Runs of a planner on scores that fall and fluctuate."""

from typing import List, Optional

import numpy as np

from bls_mm.planning import EpochPlan, Planner
from bls_mm.samplers.order import SELECT, epoch_generator

NUM, EPOCHS = 2000, 16
RUNS = [{}, dict(target_savings=0.5), dict(interval=2), dict(guards=[dict(type='Revisit')])]


def scores_of(epoch: int, num: int = NUM, seed: int = 0) -> np.ndarray:
    """Returns the scores before an epoch: ``(num,)`` float32."""
    scores = np.random.default_rng(seed).gamma(2, 1, num).astype(np.float32)
    return scores * np.random.default_rng([seed, epoch]).gamma(4, 0.25, num).astype(np.float32)


def run_epochs(
    planner: Planner, epochs: int = EPOCHS, start: int = 0, max_epochs: Optional[int] = None
) -> List[EpochPlan]:
    """Plans the epochs from ``start`` to ``epochs``; before the first no sample has a score."""
    plans = []
    for epoch in range(start, epochs):
        visits = np.full(NUM, min(epoch, 1), dtype=np.uint8)
        rng = epoch_generator(0, epoch, SELECT)
        plans.append(planner.plan(scores_of(epoch), visits, epoch, max_epochs or epochs, rng))
    return plans


def savings(plans: List[EpochPlan]) -> float:
    """Returns the fraction of samples that the epochs skip."""
    return 1 - sum(plan.num_kept for plan in plans) / NUM / len(plans)
