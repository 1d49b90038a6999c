"""Plans from sharded scores: thresholds, groups and counts are those of all samples together."""

import numpy as np
import pytest
from shard_threads import SIZE, on_shards

from bls_mm.planning import Planner, epoch_plan
from bls_mm.pruners import (
    UCB,
    CoverageCentric,
    DynamicRandom,
    EpsilonGreedy,
    FewerPasses,
    InfoBatch,
    NoPruning,
    Progress,
    SelectiveBackprop,
    SeTa,
    StaticRandom,
)

NUM = 70_001

# These draw nothing at random, so the kept samples can be compared.
EXACT = [
    lambda: NoPruning(),
    lambda: EpsilonGreedy(prune_ratio=0.4, epsilon=0),
    lambda: SeTa(prune_ratio=0, num_groups=5, window_scale=0.5),
]
WEIGHTED = [
    lambda: InfoBatch(0.4),
    lambda: InfoBatch(quantiles=(20, 85), keep_ratios=(0.25, 0.5)),
]
RANDOM = [
    lambda: UCB(prune_ratio=0.4),  # rounds its ranks, and draws among equal ones
    lambda: StaticRandom(0.3),
    lambda: DynamicRandom(0.3),
    lambda: FewerPasses(0.3),
    lambda: EpsilonGreedy(0.4, epsilon=0.3),
    lambda: SelectiveBackprop(0.4),
    lambda: CoverageCentric(0.4),
    *WEIGHTED,
]


def samples(scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    scores = (scale * rng.gamma(2, 1, NUM)).astype(np.float32)
    return scores, (rng.random(NUM) < 0.9).astype(np.uint8)


def plan_whole(make, data, epoch=1, **options):
    return Planner(make(), **options).plan(*data, epoch, 10, np.random.default_rng(3))


def plan_sharded(make, data, epoch=1, **options):
    """Returns the kept samples of all shards, ascending, and the weight of each."""

    def plan(shards):
        sharded = Planner(make(), shards=shards, **options)
        mine = slice(shards.rank, None, shards.size)
        local = (array[mine] for array in data)
        epoch_plan = sharded.plan(*local, epoch, 10, np.random.default_rng(3))
        indices = epoch_plan.indices
        weights = np.ones(len(indices)) if epoch_plan.weights is None else epoch_plan.weights
        totals = epoch_plan.num_kept, epoch_plan.total_weight
        return indices * shards.size + shards.rank, weights, totals

    indices, weights, totals = zip(*on_shards(plan))
    indices, weights = np.concatenate(indices), np.concatenate(weights)
    assert len(set(totals)) == 1 and totals[0][0] == len(indices)
    assert totals[0][1] == pytest.approx(weights.sum(dtype=float))
    return np.sort(indices), weights[np.argsort(indices)]


@pytest.mark.parametrize('make', EXACT)
@pytest.mark.parametrize('scale', [1.0, 1e-6])
def test_methods_without_randomness_keep_the_same_samples(make, scale):
    data = samples(scale)
    for epoch in (1, 2, 3):
        indices, weights = plan_sharded(make, data, epoch)
        np.testing.assert_array_equal(indices, plan_whole(make, data, epoch).indices)
        assert (weights == 1).all()


@pytest.mark.parametrize('make', RANDOM)
def test_random_methods_keep_the_same_counts_at_every_score(make):
    data = samples()
    indices, weights = plan_sharded(make, data)
    whole = plan_whole(make, data)
    assert len(indices) == whole.num_kept
    assert weights.mean() == pytest.approx(whole.mean_weight)
    counts = [np.histogram(data[0][kept], 10, (0, 5))[0] for kept in (indices, whole.indices)]
    assert np.abs(counts[0] - counts[1]).max() < 5 * np.sqrt(max(counts[0]))


@pytest.mark.parametrize('make', WEIGHTED)
def test_samples_kept_by_both_have_the_same_weight(make):
    data = samples()
    indices, weights = plan_sharded(make, data)
    whole = plan_whole(make, data)
    kept_by_both = np.intersect1d(indices, whole.indices)
    assert len(kept_by_both) > 0.5 * len(indices)
    np.testing.assert_array_equal(
        weights[np.isin(indices, kept_by_both)],
        whole.weights[np.isin(whole.indices, kept_by_both)],
    )


@pytest.mark.parametrize('make', [SeTa, InfoBatch, EpsilonGreedy])
@pytest.mark.parametrize('interval', [1, 3])
def test_all_shards_together_meet_the_target(make, interval):
    guards = [dict(type='Revisit', epochs=3)]
    scores, _ = samples()

    def run(shards):
        sharded = Planner(
            make(), interval=interval, target_savings=0.35, guards=guards, shards=shards
        )
        mine = scores[shards.rank :: shards.size]
        kept, weights = [], []
        for epoch in range(12):
            visits = np.full(len(mine), min(epoch, 1), dtype=np.uint8)
            plan = sharded.plan(mine, visits, epoch, 12, np.random.default_rng([3, epoch]))
            kept.append(plan.mask.sum())
            weights.append(None if plan.levels is None else plan.levels.tolist())
        return kept, sharded.budget.ratio, weights

    kept, ratios, weights = zip(*on_shards(run))
    savings = 1 - np.sum(kept) / NUM / 12
    kept_by_one = on_shards(run, size=1)[0][0]
    assert savings == pytest.approx(1 - np.sum(kept_by_one) / NUM / 12, abs=0.003)
    if interval == 1:
        assert savings == pytest.approx(0.35, abs=0.005)
    assert len(set(ratios)) == 1  # every rank moves its pruner alike
    assert weights[0] == weights[1] == weights[2]


def test_random_groups_of_seta_differ_by_the_draw_only():
    data = samples()
    make = lambda: SeTa(prune_ratio=0.1, num_groups=5, window_scale=0.5)  # noqa: E731
    indices, _ = plan_sharded(make, data)
    whole = plan_whole(make, data)
    assert abs(len(indices) - whole.num_kept) < 0.01 * NUM  # a cut is off by 0.2 % of samples
    edges = [(data[0][kept[data[1][kept] > 0]]).min() for kept in (indices, whole.indices)]
    assert edges[0] == pytest.approx(edges[1], abs=0.02)


@pytest.mark.parametrize('make', [*EXACT, *RANDOM])
def test_a_shard_without_scores(make):
    scores, visits = samples()
    visits[1::SIZE] = 0
    indices, _ = plan_sharded(make, (scores, visits))
    assert len(indices) == plan_whole(make, (scores, visits)).num_kept
    if make().needs_scores:
        assert np.isin(np.flatnonzero(visits == 0), indices).all()


@pytest.mark.parametrize('make', [*EXACT, *RANDOM])
def test_shards_of_one_sample(make):
    """The methods alone: the planner replaces a plan that leaves a rank without samples."""
    scores = samples()[0][:SIZE]

    def count(shards):
        mine = scores[shards.rank :: shards.size]
        pruner = make()
        values = pruner.rank_by(mine, np.ones(len(mine), dtype=np.uint8))
        progress = Progress(1, 10, 0, shards)
        rng, scored = np.random.default_rng(3), np.ones(len(mine), dtype=bool)
        return np.count_nonzero(pruner.prune(values, scored, rng, progress)[0])

    assert [sum(on_shards(count))] == on_shards(count, size=1)


def test_a_rank_without_samples_makes_the_epoch_full(monkeypatch):
    messages = []
    monkeypatch.setattr(epoch_plan, 'print_log', lambda message, *_: messages.append(message))

    class KeepFirstShard(NoPruning):
        def prune(self, scores, scored, rng, progress):
            return np.full(len(scores), progress.shards.rank == 0), None

    indices, _ = plan_sharded(KeepFirstShard, samples())
    assert len(indices) == NUM
    assert all('no sample in epoch 2 on rank 1, so the epoch trains' in text for text in messages)


@pytest.mark.parametrize('make', [*EXACT, *RANDOM, lambda: SeTa(prune_ratio=0.2)])
def test_annealing_keeps_as_many_samples(make):
    scores, visits = samples()
    data = scores, np.ones_like(visits)
    indices, _ = plan_sharded(make, data, epoch=9, delta=0.875)
    assert len(indices) == plan_whole(make, data, 9, delta=0.875).num_kept
