"""Samples that repeat, on purpose or to fill a batch."""

from itertools import chain, zip_longest

import pytest
from trained_sampler import NUM, make, train_epoch


@pytest.mark.parametrize('world_size', [1, 3])
@pytest.mark.parametrize('num_repeats', [2, 3])
def test_repeats_follow_one_another_over_the_ranks(world_size, num_repeats):
    orders = []
    for rank in range(world_size):
        sampler = make('DynamicRandom', rank=rank, world_size=world_size, num_repeats=num_repeats)
        sampler.set_epoch(1)
        orders.append(list(sampler))
        assert len(orders[-1]) == len(sampler) == -(-sampler.plan.num_kept // world_size)
    dealt = [sample for sample in chain(*zip_longest(*orders)) if sample is not None]
    groups = [dealt[start : start + num_repeats] for start in range(0, len(dealt), num_repeats)]
    assert all(len(set(group)) == 1 for group in groups)
    firsts = [group[0] for group in groups]
    assert len(set(firsts)) == len(firsts)
    assert set(firsts) <= set(sampler.plan.indices.tolist())


def test_repeats_in_one_batch_are_one_visit():
    sampler = make('NoPruning', num_repeats=2)
    order = train_epoch(sampler, 0)
    sampler.sync()
    assert len(order) == NUM
    visited = sampler.scorer.visits.nonzero().flatten().tolist()
    assert visited == sorted(set(order))
    assert sampler.scorer.visits.max() == 1


def test_last_batch_is_filled_if_asked_for():
    plain, filled = make('DynamicRandom'), make('DynamicRandom', fill_last_batch=True)
    for sampler in (plain, filled):
        sampler.use_batch_size(8)
        sampler.set_epoch(1)
    kept = plain.plan.num_kept
    assert len(plain) == kept
    assert len(list(filled)) == len(filled) == -(-kept // 8) * 8 > kept
    assert list(filled)[:kept] == list(plain)
    assert set(filled) == set(plain)


def test_lengths_have_the_names_of_the_default_sampler():
    for round_up, total in ((True, 102), (False, NUM)):
        sampler = make('NoPruning', world_size=2, round_up=round_up)
        assert sampler.num_samples == len(sampler) == (51 if round_up else 50)
        assert sampler.total_size == total


@pytest.mark.parametrize('name', ['num_repeats', 'max_epochs'])
def test_counts_must_be_positive(name):
    with pytest.raises(ValueError, match=f'{name} must be a positive integer, but got 0'):
        make(**{name: 0})
