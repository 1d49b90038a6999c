"""A sampler without processes: any rank of any number, and epochs of made-up losses."""

from typing import List
from unittest.mock import patch

import numpy as np
from torch.utils.data import BatchSampler

from bls_mm.samplers import BLSSampler, bls_sampler

NUM = 101
PRUNERS = [
    'NoPruning',
    'StaticRandom',
    'DynamicRandom',
    'FewerPasses',
    'InfoBatch',
    'SeTa',
    'EpsilonGreedy',
    'UCB',
    'SelectiveBackprop',
    'CoverageCentric',
]


def make(pruner='InfoBatch', num=NUM, rank=0, world_size=1, **options) -> BLSSampler:
    options = {'seed': 0, 'max_epochs': 10, **options}
    with patch.object(bls_sampler, 'get_dist_info', lambda: (rank, world_size)):
        return BLSSampler(range(num), pruner=dict(type=pruner), **options)


def train_epoch(sampler, epoch, batch_size=4) -> List[int]:
    """Plans an epoch, and scores each batch by the mean of its samples; returns the order."""
    sampler.set_epoch(epoch)
    order = list(sampler)
    for batch in BatchSampler(order, batch_size, drop_last=False):
        sampler.update(batch, float(np.mean(batch)))
    return order
