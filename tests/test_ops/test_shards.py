"""Operations on sharded arrays give the result of all samples together."""

import numpy as np
from shard_threads import SIZE, on_shards

from bls_mm.ops import histogram
from bls_mm.ops.subsets import random_subset


def test_random_subsets_keep_elements_of_any_shard_equally_often():
    hits = np.zeros(30)
    for seed in range(600):

        def draw(shards, seed=seed):
            lengths = (5, 18, 7)
            mask = np.ones(lengths[shards.rank], dtype=bool)
            return random_subset(mask, 10, np.random.default_rng(seed), shards)

        mask = np.concatenate(on_shards(draw))
        assert np.count_nonzero(mask) == 10
        hits += mask
    assert np.abs(hits - 200).max() < 60  # 5.2 standard deviations


def test_generator_of_a_shard_leaves_the_common_one_in_step():
    def draw(shards):
        rng = np.random.default_rng(0)
        return shards.generator(rng).integers(2**60), rng.integers(2**60)

    own, common = zip(*on_shards(draw))
    assert len(set(own)) == SIZE
    assert len(set(common)) == 1


def test_shards_agree_on_bins_if_only_some_count_all_values(monkeypatch):
    monkeypatch.setattr(histogram, 'MAX_SAMPLED', 100)
    values = np.random.default_rng(0).gamma(2, 1, 399).astype(np.float32)
    parts = values[:199], values[199:]  # the second is just long enough to count every other one

    def count(shards):
        mine = parts[shards.rank]
        return histogram.fine_histogram(mine, np.ones(len(mine), dtype=bool), shards)

    first, second = on_shards(count, size=2)
    np.testing.assert_array_equal(first.edges, second.edges)
    np.testing.assert_array_equal(first.counts, second.counts)
    assert first.counts.sum() == len(values)
