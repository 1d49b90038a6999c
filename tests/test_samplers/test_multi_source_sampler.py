"""Batches that mix the parts of a ConcatDataset by a ratio, from the planned samples."""

from unittest.mock import patch

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, ConcatDataset
from mmengine.registry import DATA_SAMPLERS
from toy import Recorder, ToyData, assert_same_scores, build_runner, find_hook, replay

from bls_mm.config import attach_bls
from bls_mm.hooks.attribution import is_planned
from bls_mm.pruners import Pruner
from bls_mm.samplers import MultiSourceBLSSampler, bls_sampler
from bls_mm.scorers import BatchLossScorer

LABELLED, UNLABELLED = 20, 60


class Pictures(BaseDataset):
    """Every third picture is upright."""

    def __init__(self, length, start=0):
        self.numbers = range(start, start + length)
        super().__init__(serialize_data=False)

    def load_data_list(self):
        return [dict(width=2, height=3 if number % 3 == 0 else 1) for number in self.numbers]

    def __getitem__(self, index):
        number = self.numbers[index]
        return dict(inputs=torch.tensor([number, 1.0]) / 80, data_samples=number)


def pictures(sizes=(LABELLED, UNLABELLED)):
    starts = np.cumsum([0, *sizes])
    return ConcatDataset([Pictures(size, start) for size, start in zip(sizes, starts.tolist())])


def make(rank=0, world_size=1, sizes=(LABELLED, UNLABELLED), **options):
    options = {'pruner': dict(type='DynamicRandom'), 'seed': 0, 'max_epochs': 4, **options}
    with patch.object(bls_sampler, 'get_dist_info', lambda: (rank, world_size)):
        return MultiSourceBLSSampler(
            pictures(sizes), **{'batch_size': 5, 'source_ratio': [1, 4], **options}
        )


def batches_of(sampler, epoch=0):
    sampler.set_epoch(epoch)
    samples = list(sampler)
    assert len(samples) == len(sampler)
    return np.array(samples).reshape(-1, sampler.batch_size)


class KeepsFirstSource(Pruner):
    needs_scores = False

    def prune(self, scores, scored, rng, progress):
        return np.arange(len(scores)) < LABELLED // 2, None


def test_any_sample_of_a_source_without_kept_ones_counts_as_planned():
    sampler = make(pruner=KeepsFirstSource())
    (batch, *_) = batches_of(sampler)
    assert is_planned(sampler, batch)
    assert not is_planned(sampler, np.array([LABELLED - 1]))


def test_empty_source_is_refused():
    with pytest.raises(ValueError, match='part 1 of the ConcatDataset is empty'):
        make(sizes=(6, 0))


@pytest.mark.parametrize('shuffle', [True, False])
@pytest.mark.parametrize('by_orientation', [True, False])
@pytest.mark.parametrize('world_size', [1, 2, 3])
def test_each_batch_has_the_ratio_and_each_kept_sample_comes(world_size, by_orientation, shuffle):
    options = dict(group_by_orientation=by_orientation, shuffle=shuffle)
    ranks = [make(rank, world_size, **options) for rank in range(world_size)]
    parts = [batches_of(sampler) for sampler in ranks]
    assert len({len(part) for part in parts}) == 1
    for part in parts:
        assert ((part < LABELLED).sum(1) == 1).all()
    kept = set(ranks[0].plan.indices.tolist())
    assert {int(index) for part in parts for index in part.flat} == kept
    if by_orientation:
        upright = [part % 3 == 0 for part in parts]
        assert all((group == group[:, :1]).all() for group in upright)
        assert all((group[:, 0] == upright[0][:, 0]).all() for group in upright)


def test_epoch_is_as_short_as_it_can_be():
    sampler = make(pruner=dict(type='NoPruning'))
    assert len(batches_of(sampler)) == 20  # 20 / 1 and 60 / 4 batches
    sampler = make(pruner=dict(type='NoPruning'), source_ratio=[1, 1], batch_size=4)
    batches = batches_of(sampler)
    assert len(batches) == 30
    times = np.bincount(batches.ravel())
    assert set(times[LABELLED:]) == {1}
    assert set(times[:LABELLED]) == {3}  # each pass in a new order
    labelled = batches[batches < LABELLED].reshape(3, LABELLED)
    assert len({tuple(row) for row in labelled.tolist()}) == 3


def test_same_seed_same_batches_and_another_epoch_others():
    first, second = make(), make()
    assert (batches_of(first) == batches_of(second)).all()
    assert list(first) == list(first)
    assert first.plan.num_kept == second.plan.num_kept
    later = batches_of(second, 1)
    assert later.shape != batches_of(first).shape or (later != batches_of(first)).any()


def test_source_without_kept_samples_still_gives_its_part():
    sampler = make(pruner=dict(type='NoPruning'), group_by_orientation=True)
    sampler.set_epoch(0)
    mask = np.arange(LABELLED + UNLABELLED) >= LABELLED
    sampler.state.use_plan(type(sampler.plan).from_mask(mask))
    batches = np.array(list(sampler)).reshape(-1, 5)
    assert ((batches < LABELLED).sum(1) == 1).all()
    mask = np.arange(LABELLED + UNLABELLED) % 3 > 0
    mask[-2] = True  # an upright picture of the other source: number 78
    sampler.state.use_plan(type(sampler.plan).from_mask(mask))
    batches = np.array(list(sampler)).reshape(-1, 5)
    assert ((batches < LABELLED).sum(1) == 1).all()
    assert mask[batches].all()


def test_numbers_are_those_of_mmdetection():
    pytest.importorskip('mmdet.datasets.samplers', reason='needs mmdet')
    for batch_size, ratio in ((5, [1, 4]), (8, [1, 4]), (7, [2, 1]), (6, [0.5, 0.25])):
        options = dict(batch_size=batch_size, source_ratio=ratio)
        theirs = DATA_SAMPLERS.build(
            dict(type='mmdet.MultiSourceSampler', dataset=pictures(), seed=0, **options)
        )
        assert make(**options).order.num_per_source == tuple(theirs.num_per_source)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(source_ratio=[1]), 'a positive number for each of the 2 data sets, but got'),
        (dict(source_ratio=[1, 0]), 'a positive number for each of the 2 data sets, but got'),
        (dict(source_ratio=[4, 1], batch_size=2), r'a batch has \[2, 0\] samples of the data sets'),
        (dict(batch_size=0), 'batch_size must be'),
        (dict(group_by_orientation=1), 'group_by_orientation must be'),
        (dict(placement='sharded'), "does not work with placement='sharded'"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_data_set_without_parts_is_refused():
    with pytest.raises(ValueError, match='needs a ConcatDataset, but got a ToyData'):
        MultiSourceBLSSampler(ToyData(), batch_size=5, source_ratio=[1, 4])


def run(work_dir, by_epoch, kind='mmdet.GroupMultiSourceSampler', batch_size=5, **options):
    """Trains with --pruner over a sampler of MMDetection."""
    train_cfg = dict(max_epochs=4) if by_epoch else dict(max_iters=70, val_interval=1000)
    runner = build_runner(
        work_dir,
        loader=dict(dataset=pictures(), batch_size=batch_size, batch_sampler=None),
        train_cfg=dict(by_epoch=by_epoch, **train_cfg),
        **options,
    )
    old = dict(type=kind, batch_size=5, source_ratio=[1, 4])
    cfg = attach_bls(Config(dict(train_dataloader=dict(sampler=old))), 'DynamicRandom')
    runner._train_dataloader['sampler'] = cfg.train_dataloader.sampler
    recorder = Recorder()
    runner.register_hook(recorder)
    return runner, recorder


@pytest.mark.parametrize('by_epoch', [True, False])
@pytest.mark.parametrize('kind', ['MultiSourceSampler', 'GroupMultiSourceSampler'])
def test_run_prunes_and_scores(tmp_path, by_epoch, kind):
    runner, recorder = run(tmp_path, by_epoch, f'mmdet.{kind}')
    runner.train()
    hook = find_hook(runner)
    assert hook.savings.unscored_batches == 0
    assert 0.05 < hook.savings.pruned < 0.5
    assert hook.savings.samples_seen == 5 * runner.iter
    for batch in recorder.batches:
        assert sum(index < LABELLED for index in batch) == 1
    assert_same_scores(
        hook.sampler.scorer, replay(recorder, BatchLossScorer(LABELLED + UNLABELLED))
    )


def test_resumed_run_is_the_run(tmp_path):
    options = dict(
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=33))
    )
    runner, whole = run(tmp_path / 'run', False, **options)
    runner.train()
    resumed, rest = run(tmp_path / 'run', False, **options)
    resumed._load_from, resumed._resume = str(tmp_path / 'run' / 'iter_33.pth'), True
    resumed.train()
    assert rest.batches == whole.batches[33:]
    assert torch.equal(
        find_hook(resumed).sampler.scorer.scores, find_hook(runner).sampler.scorer.scores
    )


def test_other_batch_size_of_the_loader_is_refused(tmp_path):
    runner, _ = run(tmp_path, True, batch_size=4)
    with pytest.raises(ValueError, match='has batch_size=5, but train_dataloader has batch_size=4'):
        runner.train()
    assert runner.iter == 0
