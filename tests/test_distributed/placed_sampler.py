"""Samplers with any placement on ranks that are threads, and epochs of made-up losses."""

from typing import List

import numpy as np
from threads import Ranks
from torch.utils.data import BatchSampler

from bls_mm.samplers import BLSSampler

NUM, SIZE = 1003, 3
PRUNERS = {
    'InfoBatch': dict(type='InfoBatch'),
    'SeTa': dict(type='SeTa'),
    'SeTa of all': dict(type='SeTa', prune_ratio=0),
    'UCB': dict(type='UCB', interval=2),
    'EpsilonGreedy': dict(type='EpsilonGreedy', interval=2),
    'SelectiveBackprop': dict(type='SelectiveBackprop'),
    'CoverageCentric': dict(type='CoverageCentric'),
    'FewerPasses': dict(type='FewerPasses'),
    'InfoBatch steered': dict(
        type='InfoBatch', target_savings=0.3, guards=[dict(type='Revisit', epochs=2)]
    ),
    'UCB of shuffled scores': dict(
        type='bls_mm.research.ShuffledScores',
        pruner=dict(type='UCB'),
        interval=2,
        target_savings=0.4,
    ),
}


def make(pruner='InfoBatch', placement='sharded', num=NUM, **options) -> BLSSampler:
    if not isinstance(pruner, dict):
        pruner = PRUNERS.get(pruner, dict(type=pruner))
    options = {'seed': 0, 'max_epochs': 10, **options}
    return BLSSampler(range(num), pruner=pruner, placement=placement, **options)


def on_one_rank(monkeypatch, work):
    one = Ranks(1)
    one.replace_collectives(monkeypatch)
    return one.run(work)


def loss_of(batch) -> float:
    return float(np.mean(np.sin(batch)) + 2)


def train_epoch(sampler, epoch, batch_size=4) -> List[int]:
    """Plans, trains and gathers on this rank; returns its samples."""
    sampler.set_epoch(epoch)
    order = list(sampler)
    for batch in BatchSampler(order, batch_size, drop_last=False):
        sampler.update(batch, loss_of(batch))
    sampler.gather_state()
    return order
