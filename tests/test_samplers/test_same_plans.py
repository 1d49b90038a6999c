"""The same seed gives the same plans as version 0.1, bit for bit.

``tests/data/plans_v0.1.json`` contains digests of orders and weights that version 0.1 planned. SeTa
has an exact k-means since; with the k-means of version 0.1 its plans are the same as well.
"""

import hashlib
import json
from pathlib import Path
from typing import List, Optional

import numpy as np
import pytest
import torch
from kmeans_v0_1 import kmeans_cuts
from torch.utils.data import BatchSampler

from bls_mm import BLSSampler
from bls_mm.pruners import seta

DIGESTS = Path(__file__).parents[1] / 'data' / 'plans_v0.1.json'
NUM, EPOCHS, BATCH_SIZE = 1500, 10, 16
REVISIT_2, REVISIT_3 = dict(type='Revisit', epochs=2), dict(type='Revisit', epochs=3)

# Pruner, scorer, and other options of the sampler.
CASES = {
    'no_pruning': (dict(type='NoPruning'), {}),
    'static_random': (dict(type='StaticRandom'), {}),
    'dynamic_random': (dict(type='DynamicRandom'), {}),
    'dynamic_random_interval': (dict(type='DynamicRandom', interval=3, delta=0.9), {}),
    'fewer_passes': (dict(type='FewerPasses'), {}),
    'static_subset': (dict(type='StaticSubset', indices=list(range(0, NUM, 3))), {}),
    'info_batch': (dict(type='InfoBatch'), {}),
    'info_batch_quantiles': (
        dict(type='InfoBatch', quantiles=(20, 85), keep_ratios=(0.25, 0.5)),
        {},
    ),
    'seta': (dict(type='SeTa'), {}),
    'seta_round': (
        dict(type='SeTa', num_groups=7, window_scale=0.5, window_rounding='round', prune_ratio=0.2),
        {},
    ),
    'epsilon_greedy': (dict(type='EpsilonGreedy'), {}),
    'epsilon_greedy_target': (
        dict(type='EpsilonGreedy', interval=2, target_savings=0.35),
        {},
    ),
    'epsilon_greedy_guard': (
        dict(type='EpsilonGreedy', interval=2, guards=[REVISIT_2]),
        {},
    ),
    'info_batch_target': (dict(type='InfoBatch', target_savings=0.3), {}),
    'info_batch_target_low': (
        dict(type='InfoBatch', prune_ratio=0.8, target_savings=0.1, guards=[REVISIT_3]),
        {},
    ),
    'seta_target': (dict(type='SeTa', target_savings=0.4), {}),
    'ucb': (dict(type='UCB'), {}),
    'ucb_interval': (dict(type='UCB', interval=3), {}),
    'kakurenbo': (dict(type='Kakurenbo'), {}),
    'order_dp': (dict(type='OrderDP'), {}),
    'selective_backprop': (dict(type='SelectiveBackprop'), {}),
    'coverage_centric': (dict(type='CoverageCentric'), {}),
    'info_batch_residual': (dict(type='InfoBatch'), dict(scorer=dict(type='ResidualScorer'))),
    'epsilon_greedy_sample_loss': (
        dict(type='EpsilonGreedy'),
        dict(scorer=dict(type='SampleLossScorer')),
    ),
    'epsilon_greedy_residual_per_sample': (
        dict(type='EpsilonGreedy'),
        dict(scorer=dict(type='ResidualScorer', per_sample=True)),
    ),
    'seta_zero': (
        dict(type='SeTa'),
        dict(scorer=dict(type='BatchLossScorer', alpha=0.9, init='zero')),
    ),
    'runs': (dict(type='DynamicRandom'), dict(run_length=16)),
}


def digest(order: List[int], weights: Optional[np.ndarray]) -> str:
    sha = hashlib.sha256(np.array(order, dtype='<i8').tobytes())
    if weights is not None:
        sha.update(np.asarray(weights, dtype='<f4').tobytes())
    return sha.hexdigest()[:16]


def plan_run(pruner: dict, options: dict) -> List[str]:
    """Returns the digest of each epoch of a run with made-up losses."""
    sampler = BLSSampler(range(NUM), pruner=pruner, seed=5, max_epochs=EPOCHS, **options)
    hardness = np.random.default_rng(2).gamma(2, 1, NUM).astype(np.float32)
    digests = []
    for epoch in range(EPOCHS):
        sampler.set_epoch(epoch)
        order = list(sampler)
        digests.append(digest(order, sampler.weights_of(order)))
        for batch in BatchSampler(order, BATCH_SIZE, drop_last=False):
            losses = torch.from_numpy(hardness[batch]) / (1 + epoch)
            per_sample = sampler.scorer.needs_sample_losses
            sampler.update(batch, losses if per_sample else float(losses.mean()))
    return digests


@pytest.mark.parametrize('case', CASES)
def test_plans_are_those_of_version_0_1(case, monkeypatch):
    monkeypatch.setattr(seta, 'kmeans_boundaries', kmeans_cuts)
    assert plan_run(*CASES[case]) == json.loads(DIGESTS.read_text())[case]


def test_every_digest_is_checked():
    assert CASES.keys() == json.loads(DIGESTS.read_text()).keys()
