"""Parts that do not work with sharded scores, and ranks that keep no sample."""

import numpy as np
import pytest
from placed_sampler import NUM, make, train_epoch

from bls_mm.planning import Guard, epoch_plan
from bls_mm.pruners import Pruner


class Weighted(Pruner):
    def prune(self, scores, scored, rng, progress):
        return scored, scores.copy()


class WeightedShardable(Weighted):
    shardable = True


class All(Guard):
    def bring_back(self, mask, rng):
        return ~mask


class FirstShard(Pruner):
    shardable = True
    needs_scores = False

    def prune(self, scores, scored, rng, progress):
        scored[progress.shards.rank == 1 :] = False
        return scored, None


@pytest.mark.parametrize(
    ('options', 'error', 'message'),
    [
        (
            dict(placement='shard'),
            ValueError,
            "be one of replicated, shared, sharded, but got 'shard'",
        ),
        (
            dict(pruner=Weighted),
            TypeError,
            "Weighted does not work with placement='sharded', where each rank",
        ),
        (
            dict(pruner=dict(type='SeTa', guards=[All()])),
            TypeError,
            'All does not work with',
        ),
        (dict(scorer=dict(type='ResidualScorer')), TypeError, 'ResidualScorer does not work with'),
        (
            dict(pruner=WeightedShardable),
            TypeError,
            'WeightedShardable returned one weight per sample; with sharded scores return Group',
        ),
        (dict(num=2), ValueError, 'needs a sample for each of the 3 ranks, but the training set'),
    ],
)
def test_what_cannot_be_sharded_raises_one_sentence(ranks, options, error, message):
    def run(rank):
        with pytest.raises(error, match=message) as caught:
            sampler = make(**options)
            train_epoch(sampler, 0)
            sampler.set_epoch(1)
        assert '\n' not in str(caught.value)

    ranks.run(run)


def test_epoch_trains_on_all_if_a_rank_keeps_no_sample(ranks, monkeypatch):
    messages = []
    monkeypatch.setattr(epoch_plan, 'print_log', lambda message, *_: messages.append(message))

    def run(rank):
        sampler = make(pruner=FirstShard)
        sampler.set_epoch(1)
        return list(sampler)

    assert set(np.concatenate(ranks.run(run)).tolist()) == set(range(NUM))
    assert 'keeps no sample in epoch 2 on rank 0, so the epoch trains on all' in messages[0]
