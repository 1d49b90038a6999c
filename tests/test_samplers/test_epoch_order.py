"""How many samples a rank gets, and in which order: repeated samples, full batches."""

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import DefaultSampler
from mmengine.registry import DATA_SAMPLERS
from trained_sampler import make, train_epoch

from bls_mm.samplers import BLSSampler, bls_sampler
from bls_mm.samplers.epoch_order import deal, rank_length

NUM = 42


def sampler_of(rank, world_size, monkeypatch, num=NUM, **options):
    monkeypatch.setattr(bls_sampler, 'get_dist_info', lambda: (rank, world_size))
    options = {'pruner': dict(type='DynamicRandom'), 'seed': 0, 'max_epochs': 4, **options}
    return BLSSampler(range(num), **options)


def all_ranks(world_size, monkeypatch, epoch=0, **options):
    """Returns the samples of all ranks, in the order iteration, rank."""
    parts = []
    for rank in range(world_size):
        sampler = sampler_of(rank, world_size, monkeypatch, **options)
        sampler.set_epoch(epoch)
        parts.append(list(sampler))
        assert len(parts[-1]) == len(sampler)
    return [index for row in zip(*parts) for index in row]


@pytest.mark.parametrize('placement', ['replicated', 'sharded'])
@pytest.mark.parametrize('shuffle', [True, False])
@pytest.mark.parametrize('world_size', [1, 2])
def test_repeats_follow_one_another_across_ranks(monkeypatch, world_size, shuffle, placement):
    options = dict(shuffle=shuffle, placement=placement, num_repeats=3)
    samples = all_ranks(world_size, monkeypatch, **options)
    if placement == 'replicated':
        assert len(samples) == (29 if world_size == 1 else 30)  # as many as are kept
        groups = [set(samples[start : start + 3]) for start in range(0, 27, 3)]
        assert [len(group) for group in groups] == [1] * 9
        assert len({index for group in groups for index in group}) == 9
    else:  # each rank repeats its own samples
        for rank in range(world_size):
            own = samples[rank::world_size]
            assert [len(set(own[start : start + 3])) for start in range(0, 12, 3)] == [1] * 4


def test_repeats_are_those_of_mmpretrain(monkeypatch):
    samplers = pytest.importorskip('mmpretrain.datasets.samplers', reason='needs mmpretrain')
    from mmpretrain.datasets.samplers import repeat_aug

    options = dict(num_repeats=3, shuffle=False, pruner=dict(type='NoPruning'))
    ours = all_ranks(4, monkeypatch, **options)
    theirs = []
    for rank in range(4):
        monkeypatch.setattr(repeat_aug, 'get_dist_info', lambda rank=rank: (rank, 4))
        theirs.append(list(samplers.RepeatAugSampler(range(NUM), shuffle=False, seed=0)))
    assert ours == [index for row in zip(*theirs) for index in row]


def test_repeated_samples_differ_from_epoch_to_epoch(monkeypatch):
    options = dict(num_repeats=3, pruner=dict(type='NoPruning'))
    first, second = (set(all_ranks(1, monkeypatch, epoch, **options)) for epoch in (0, 1))
    assert len(first) == len(second) == 14
    assert first != second


@pytest.mark.parametrize('num', [1, 3, 41, 42, 48])
@pytest.mark.parametrize('world_size', [1, 2])
def test_last_batch_is_filled_with_kept_samples(monkeypatch, world_size, num):
    parts = []
    for rank in range(world_size):
        sampler = sampler_of(rank, world_size, monkeypatch, num=num, fill_last_batch=True)
        sampler.set_epoch(0)
        before = list(sampler)
        sampler.use_batch_size(16)
        after = list(sampler)
        assert len(after) == len(sampler) == -(-len(before) // 16) * 16
        assert after[: len(before)] == before
        assert set(after) <= set(np.flatnonzero(sampler.plan.mask).tolist())
        parts.append(after)
    counts = np.unique(np.concatenate(parts), return_counts=True)[1]
    assert counts.max() - counts.min() <= 1  # samples repeat in turn


def test_batch_size_alone_fills_nothing(monkeypatch):
    sampler = sampler_of(0, 1, monkeypatch)
    sampler.use_batch_size(16)
    assert len(sampler) == NUM


@pytest.mark.parametrize('round_up', [True, False])
@pytest.mark.parametrize('world_size', [1, 4])
def test_lengths_are_those_of_default_sampler(monkeypatch, world_size, round_up):
    from mmengine.dataset import sampler as mmengine_sampler

    monkeypatch.setattr(mmengine_sampler, 'get_dist_info', lambda: (0, world_size))
    ours = sampler_of(0, world_size, monkeypatch, num=40, round_up=round_up)
    theirs = DefaultSampler(range(40), round_up=round_up)
    assert (ours.num_samples, ours.total_size) == (theirs.num_samples, theirs.total_size)
    ours.set_epoch(0)
    kept = ours.plan.num_kept
    assert kept == 28
    assert (ours.num_samples, ours.total_size) == (kept // world_size, kept)


def test_options_of_a_base_config_are_told_with_the_way_out():
    base = Config(dict(sampler=dict(type='ClassAwareSampler', num_sample_class=1)))
    base.merge_from_dict(dict(sampler=dict(type='BLSSampler')))
    with pytest.raises(TypeError, match=r"has no option 'num_sample_class'; .*_delete_=True"):
        DATA_SAMPLERS.build(base.sampler, default_args=dict(dataset=range(4), seed=0))


def test_repeats_in_one_batch_are_one_visit():
    sampler = make('NoPruning', num_repeats=2)
    order = train_epoch(sampler, 0)
    sampler.sync()
    visited = sampler.scorer.visits.nonzero().flatten().tolist()
    assert visited == sorted(set(order))
    assert sampler.scorer.visits.max() == 1


def test_max_epochs_must_be_positive():
    with pytest.raises(ValueError, match='max_epochs must be a positive integer, but got 0'):
        make(max_epochs=0)


@pytest.mark.parametrize('value', [0, 1.5, True, None])
def test_number_of_repeats_must_be_a_positive_integer(value):
    with pytest.raises(ValueError, match='num_repeats must be a positive integer'):
        BLSSampler(range(4), num_repeats=value)


@pytest.mark.parametrize('num_samples', [1, 2, 3, 7, 8, 9, 100])
@pytest.mark.parametrize('world_size', [1, 2, 3, 4, 8])
@pytest.mark.parametrize('round_up', [True, False])
def test_ranks_get_equally_many_samples(num_samples, world_size, round_up):
    length = rank_length(num_samples, world_size, round_up)
    order = np.random.default_rng(0).permutation(1000)[:num_samples]
    blocks = np.split(order, sorted({num_samples // 3, num_samples // 2}))
    ranks = [
        np.concatenate(list(deal(lambda: blocks, rank, world_size, length)))
        for rank in range(world_size)
    ]
    assert {len(rank) for rank in ranks} == {length}
    assert length >= 1
    seen, counts = np.unique(np.concatenate(ranks), return_counts=True)
    assert np.isin(seen, order).all()
    assert counts.max() - counts.min() <= 1
    if round_up:
        assert len(seen) == num_samples
    elif num_samples >= world_size:
        assert counts.max() == 1
        assert num_samples - len(seen) < world_size
