"""Scores in shards: thresholds, groups and counts are those of all samples together."""

import numpy as np
import pytest
from threads import Ranks

from bls_mm.pruners import (
    UCB,
    CoverageCentric,
    DynamicRandom,
    EpsilonGreedy,
    InfoBatch,
    NoPruning,
    SelectiveBackprop,
    SeTa,
    StaticRandom,
    SteeredPruner,
    histogram,
)
from bls_mm.pruners.choose import thin_to
from bls_mm.pruners.shards import Shards

NUM = 70_001
SIZE = 3

# Nothing is drawn at random in these, so the selected sets can be compared.
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
    lambda: UCB(prune_ratio=0.4),  # its ranks are rounded, and ties drawn
    lambda: StaticRandom(0.3),
    lambda: DynamicRandom(0.3),
    lambda: EpsilonGreedy(0.4, epsilon=0.3),
    lambda: SelectiveBackprop(0.4),
    lambda: CoverageCentric(0.4),
    *WEIGHTED,
]


class ThreadShards(Shards):
    """The shard of one thread."""

    def __init__(self, ranks):
        self.ranks, self.rank, self.size = ranks, ranks.rank, ranks.size

    def sum(self, array):
        return sum(self.ranks.gather(array))


def on_shards(work, size=SIZE):
    """Calls ``work(shards)`` for each shard at once; returns what each returned."""
    ranks = Ranks(size)
    return ranks.run(lambda rank: work(ThreadShards(ranks)))


def samples(scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    scores = (scale * rng.gamma(2, 1, NUM)).astype(np.float32)
    return scores, (rng.random(NUM) < 0.9).astype(np.uint8)


def select_whole(make, data, epoch=1):
    return make().select(*data, epoch, 10, np.random.default_rng(3))


def select_sharded(make, data, epoch=1, size=SIZE):
    """Returns the kept samples, ascending, and the weight of each."""

    def select(shards):
        pruner = make()
        pruner.shards = shards
        mine = slice(shards.rank, None, shards.size)
        selection = pruner.select(
            *(array[mine] for array in data), epoch, 10, np.random.default_rng(3)
        )
        weights = np.ones(selection.num_kept) if selection.weights is None else selection.weights
        return selection.indices * shards.size + shards.rank, weights

    indices, weights = map(np.concatenate, zip(*on_shards(select, size)))
    return np.sort(indices), weights[np.argsort(indices)]


@pytest.mark.parametrize('make', EXACT)
@pytest.mark.parametrize('scale', [1.0, 1e-6])
def test_what_is_not_random_is_selected_as_by_one(make, scale):
    data = samples(scale)
    for epoch in (1, 2, 3):
        indices, weights = select_sharded(make, data, epoch)
        np.testing.assert_array_equal(indices, select_whole(make, data, epoch).indices)
        assert (weights == 1).all()


@pytest.mark.parametrize('make', RANDOM)
def test_what_is_random_has_the_same_counts_above_every_score(make):
    data = samples()
    indices, weights = select_sharded(make, data)
    whole = select_whole(make, data)
    assert len(indices) == whole.num_kept
    assert weights.mean() == pytest.approx(whole.mean_weight)
    counts = [np.histogram(data[0][kept], 10, (0, 5))[0] for kept in (indices, whole.indices)]
    assert np.abs(counts[0] - counts[1]).max() < 5 * np.sqrt(max(counts[0]))


@pytest.mark.parametrize('make', WEIGHTED)
def test_weights_fall_on_the_same_scores(make):
    data = samples()
    indices, weights = select_sharded(make, data)
    whole = select_whole(make, data)
    kept_by_both = np.intersect1d(indices, whole.indices)
    assert len(kept_by_both) > 0.5 * len(indices)
    np.testing.assert_array_equal(
        weights[np.isin(indices, kept_by_both)],
        whole.weights[np.isin(whole.indices, kept_by_both)],
    )


@pytest.mark.parametrize('make', [SeTa, InfoBatch, EpsilonGreedy])
def test_the_savings_asked_for_are_those_of_all_shards_together(make):
    guards = [dict(type='Revisit', epochs=3)]
    scores, _ = samples()

    def run(shards):
        pruner = SteeredPruner(make(), target_savings=0.35, guards=guards)
        pruner.shards = shards
        mine = scores[shards.rank :: shards.size]
        kept, weights = [], []
        for epoch in range(12):
            visits = np.full(len(mine), min(epoch, 1), dtype=np.uint8)
            rng = np.random.default_rng([3, epoch])
            selection = pruner.select(mine, visits, epoch, 12, rng)
            kept.append(selection.num_kept)
            weights.append(selection.as_mask(len(mine))[1])
        return kept, pruner.ratio, [None if w is None else w.weights.tolist() for w in weights]

    kept, ratios, weights = zip(*on_shards(run))
    assert 1 - np.sum(kept) / NUM / 12 == pytest.approx(0.35, abs=0.005)
    assert len(set(ratios)) == 1  # every rank moves its pruner alike
    assert weights[0] == weights[1] == weights[2]


def test_groups_of_a_random_share_are_those_of_all_but_for_the_draw():
    data = samples()
    make = lambda: SeTa(prune_ratio=0.1, num_groups=5, window_scale=0.5)  # noqa: E731
    indices, _ = select_sharded(make, data)
    whole = select_whole(make, data)
    assert abs(len(indices) - whole.num_kept) < 0.01 * NUM  # a cut is off by 0.2 % of samples
    edges = [(data[0][kept[data[1][kept] > 0]]).min() for kept in (indices, whole.indices)]
    assert edges[0] == pytest.approx(edges[1], abs=0.02)


@pytest.mark.parametrize('make', [*EXACT, *RANDOM])
def test_a_shard_that_was_never_scored_and_a_shard_of_one_sample(make):
    scores, visits = samples()
    visits[1::SIZE] = 0
    for data in ((scores, visits), (scores[:SIZE], np.ones(SIZE, dtype=np.uint8))):
        indices, _ = select_sharded(make, data)
        assert len(indices) == select_whole(make, data).num_kept
        if make().needs_scores:
            assert np.isin(np.flatnonzero(data[1] == 0), indices).all()


@pytest.mark.parametrize('make', [*EXACT, *RANDOM, lambda: SeTa(prune_ratio=0.2)])
def test_annealing_keeps_as_many(make):
    data = samples()
    assert len(select_sharded(make, data, epoch=9)[0]) == select_whole(make, data, 9).num_kept


def test_marks_are_left_as_often_in_every_shard_whatever_its_size():
    hits = np.zeros(30)
    for seed in range(600):

        def thin(shards, seed=seed):
            lengths = (5, 18, 7)
            mask = np.ones(lengths[shards.rank], dtype=bool)
            return thin_to(mask, 10, np.random.default_rng(seed), shards)

        mask = np.concatenate(on_shards(thin))
        assert np.count_nonzero(mask) == 10
        hits += mask
    assert np.abs(hits - 200).max() < 60  # 5.2 standard deviations


def test_a_shards_own_generator_leaves_the_common_one_in_step():
    def draw(shards):
        rng = np.random.default_rng(0)
        return shards.generator(rng).integers(2**60), rng.integers(2**60)

    own, common = zip(*on_shards(draw))
    assert len(set(own)) == SIZE
    assert len(set(common)) == 1


def test_shards_agree_on_bins_where_only_some_look_at_all_values(monkeypatch):
    monkeypatch.setattr(histogram, 'LOOKED_AT', 100)
    values = np.random.default_rng(0).gamma(2, 1, 399).astype(np.float32)
    parts = values[:199], values[199:]  # the second is just long enough to look at every other one

    def count(shards):
        mine = parts[shards.rank]
        return histogram.fine_histogram(mine, np.ones(len(mine), dtype=bool), shards)

    first, second = on_shards(count, size=2)
    np.testing.assert_array_equal(first.edges, second.edges)
    np.testing.assert_array_equal(first.counts, second.counts)
    assert first.counts.sum() == len(values)
