import tracemalloc

import pytest
import torch
from trained_sampler import PRUNERS, make

NUM = 2_000_000  # so many that histograms, whose size is fixed, hardly count
SCORES_AND_VISITS = 5  # bytes per sample


@pytest.mark.parametrize('pruner', PRUNERS)
def test_planning_takes_at_most_11_bytes_per_sample_and_a_plan_2(pruner):
    own = {'UCB': 5, 'FewerPasses': 1}.get(pruner, 0)  # moving averages; the used samples
    sampler = make(pruner, NUM)
    sampler.update(range(NUM - 5), 1.0)
    sampler.sync()
    sampler.scorer.scores.uniform_(generator=torch.Generator().manual_seed(0))
    tracemalloc.start()
    sampler.set_epoch(1)
    at_rest, peak = (size / NUM for size in tracemalloc.get_traced_memory())
    tracemalloc.stop()
    mask_and_group = 1 if sampler.plan.group is None else 2
    assert at_rest < mask_and_group + own + 0.01
    assert SCORES_AND_VISITS + peak < 11 + own + own // 5
