from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from shard_threads import on_shards

from bls_mm.planning import EpochPlan
from bls_mm.pruners import GroupWeights


def random_plan(num_samples, levels, seed=0):
    """Returns a mask, the weight of each sample or None, and their plan."""
    rng = np.random.default_rng(seed)
    mask = rng.random(num_samples) < 0.7
    weights = None
    if levels is not None:
        weights = rng.choice(levels, num_samples).astype(np.float32)
    return mask, weights, EpochPlan.from_mask(mask.copy(), weights)


@pytest.mark.parametrize('levels', [None, [2.0], [1.0, 2.0], [1.0, 2.0, 4.0], np.arange(1, 257)])
@pytest.mark.parametrize('num_samples', [1, 7, 8, 1001])
def test_plan_returns_what_it_was_given_also_after_packing(levels, num_samples):
    mask, weights, plan = random_plan(num_samples, levels)
    indices = np.flatnonzero(mask)
    arrays = plan.to_arrays()
    assert all(array.flags.writeable for array in arrays.values())  # torch warns otherwise
    for each in (plan, EpochPlan.from_arrays(arrays, num_samples)):
        np.testing.assert_array_equal(each.mask, mask)
        np.testing.assert_array_equal(each.indices, indices)
        assert each.num_kept == len(indices)
        if weights is None:
            assert each.weights is None and each.group_weights is None
            assert each.mean_weight == 1 or len(indices) == 0
        else:
            assert each.weights.dtype == np.float32
            np.testing.assert_array_equal(each.weights, weights[mask])
            np.testing.assert_array_equal(each.weights_of(indices[::-1]), weights[mask][::-1])
            if len(indices):
                assert each.mean_weight == pytest.approx(weights[mask].mean())
                assert each.total_weight == pytest.approx(weights[mask].sum(dtype=float))


def test_packed_plan_takes_a_bit_per_sample_and_one_more_for_two_weights():
    mask = np.arange(8000) % 3 > 0
    assert {name: part.nbytes for name, part in EpochPlan.from_mask(mask).to_arrays().items()} == {
        'keep': 1000
    }
    group = (np.arange(8000) % 2).astype(np.uint8)
    plan = EpochPlan.from_mask(mask, GroupWeights([1, 2], group))
    assert sum(part.nbytes for part in plan.to_arrays().values()) == 2000 + 8
    np.testing.assert_array_equal(plan.weights, 1 + group[mask])


def test_unpacks_a_plan_of_version_0_1():
    # It stored no octets after the last kept sample, and any number of weights.
    short = EpochPlan.from_arrays({'keep': np.array([9], dtype=np.uint8)}, 4000)
    assert short.indices.tolist() == [0, 3] and len(short.mask) == 4000
    levels = np.arange(1, 1001, dtype=np.float32)
    arrays = {
        'keep': np.full(125, 255, dtype=np.uint8),
        'weights': levels,
        'group': np.arange(1000, dtype=np.int32),
    }
    plan = EpochPlan.from_arrays(arrays, 1000)
    assert np.abs(plan.weights - levels).max() <= 4
    assert plan.total_weight == pytest.approx(levels.sum(dtype=float))


@pytest.mark.parametrize('num_levels', [257, 999, 100_000])
def test_more_than_256_weights_are_merged_and_keep_their_total(num_levels):
    rng = np.random.default_rng(num_levels)
    mask, weights, plan = random_plan(100_000, rng.gamma(2, 1, num_levels), seed=1)
    assert 240 <= len(plan.levels) <= 256
    assert plan.total_weight == pytest.approx(weights[mask].sum(dtype=float), rel=1e-6)
    assert plan.weights.sum(dtype=float) == pytest.approx(plan.total_weight, rel=1e-6)
    order = np.argsort(weights[mask], kind='stable')
    assert (np.diff(plan.weights[order]) >= 0).all()  # a larger weight stays at least as large
    sizes = np.bincount(plan.group[mask])
    assert sizes.max() < 3 * sizes.mean()
    # The merged weight lies within the weights of its group.
    lows, highs = np.full(len(sizes), np.inf), np.zeros(len(sizes))
    np.minimum.at(lows, plan.group[mask], weights[mask])
    np.maximum.at(highs, plan.group[mask], weights[mask])
    assert ((lows <= plan.levels * (1 + 1e-6)) & (plan.levels <= highs * (1 + 1e-6))).all()


def test_one_frequent_weight_does_not_blur_the_others():
    weights = np.concatenate([np.ones(90_000), np.linspace(2, 3, 10_000)]).astype(np.float32)
    plan = EpochPlan.from_mask(np.ones(100_000, dtype=bool), weights)
    assert (plan.weights[:90_000] == 1).all()
    assert np.abs(plan.weights - weights).max() < 0.05


def test_plan_is_frozen():
    levels, group = np.float32([1, 2]), np.zeros(4, dtype=np.uint8)
    plan = EpochPlan.from_mask(np.ones(4, dtype=bool), GroupWeights(levels, group))
    for name in ('mask', 'group', 'levels', 'counts', 'total_weight'):
        with pytest.raises(FrozenInstanceError):
            setattr(plan, name, None)
    for array in (plan.mask, plan.group, plan.levels):
        with pytest.raises(ValueError, match='read-only'):
            array[0] = 0
    levels[0] = 5  # the pruner may change its own levels
    assert plan.levels.tolist() == [1, 2]


def test_full_plan_keeps_every_sample_with_weight_one():
    plan = EpochPlan.full(5)
    assert plan.indices.tolist() == [0, 1, 2, 3, 4]
    assert plan.weights is None and plan.weights_of([1, 2]) is None
    assert (plan.num_kept, plan.mean_weight, plan.total_weight) == (5, 1, 5)


def test_empty_plan_has_no_mean_weight_to_divide_by_zero():
    plan = EpochPlan.from_mask(np.zeros(5, dtype=bool))
    assert (plan.num_kept, plan.mean_weight) == (0, 0)
    weighted = EpochPlan.from_mask(np.zeros(5, dtype=bool), np.ones(5, dtype=np.float32))
    assert (weighted.num_kept, weighted.mean_weight) == (0, 0)


def test_with_arrays_maps_mask_and_weights_to_other_samples():
    group = np.arange(6, dtype=np.uint8) % 3
    plan = EpochPlan.from_mask(np.arange(6) % 2 == 0, GroupWeights([1, 2, 4], group))
    turned = plan.with_arrays(lambda array: array[::-1].copy())
    assert turned.indices.tolist() == [1, 3, 5]
    np.testing.assert_array_equal(turned.weights, plan.weights[::-1])


def test_counts_and_total_weight_are_those_of_all_shards():
    def make(shards):
        mask = np.arange(10) < 3 + shards.rank
        weights = GroupWeights([1, 2], (np.arange(10) % 2).astype(np.uint8))
        return EpochPlan.from_mask(mask, weights, shards)

    for plan in on_shards(make):
        assert plan.counts == (3, 4, 5)
        assert (plan.num_kept, plan.total_weight) == (12, 4 + 6 + 7)
