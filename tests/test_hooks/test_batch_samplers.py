"""Runs with MMDetection's batch samplers."""

from types import SimpleNamespace

import pytest
from mmengine.hooks import Hook
from resumed_runs import assert_same_run, options_of
from toy import ToyData, assert_same_scores, build_runner, read_log, replay, train

from bls_mm.hooks.training_loader import track_loader


class Pictures(ToyData):
    """Every second picture is upright; the first 20 are of one source, the others of another."""

    def get_data_info(self, index):
        return dict(width=1 + index % 2, height=1.5)

    def get_dataset_source(self, index):
        return int(index >= 20)


def test_batch_sampler_starts_anew_after_an_iteration_that_was_not_finished(tmp_path):
    pytest.importorskip('mmdet.datasets.samplers')
    _, recorder, hook = train(
        tmp_path,
        pruner=dict(type='NoPruning'),
        num_workers=2,  # MMEngine's own iterator requests 4 batches before the run begins
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=22, val_interval=100),
        loader=dict(dataset=Pictures(42), batch_sampler=dict(type='mmdet.AspectRatioBatchSampler')),
    )
    for epoch in recorder.batches[:11], recorder.batches[11:]:
        assert sorted(index for batch in epoch for index in batch) == list(range(42))
        assert sum(len({index % 2 for index in batch}) > 1 for batch in epoch) <= 1
    assert_same_scores(hook.sampler.scorer, replay(recorder))


def test_several_batch_sizes_in_a_loop_of_iterations_are_refused_on_several_ranks(tmp_path):
    pytest.importorskip('mmdet.datasets.samplers')
    batches = dict(type='mmdet.MultiDataAspectRatioBatchSampler', batch_size=[4, 2], num_datasets=2)
    loop = dict(by_epoch=False, max_iters=22, val_interval=100)
    runner = build_runner(
        tmp_path, train_cfg=loop, loader=dict(dataset=Pictures(42), batch_sampler=batches)
    )
    sampler = SimpleNamespace(world_size=2)
    with pytest.raises(TypeError, match='MultiDataAspectRatioBatchSampler has several batch sizes'):
        track_loader(SimpleNamespace(train_loop=runner.build_train_loop(loop)), sampler)


class Peek(Hook):
    """Looks at the first batch after each epoch."""

    def after_train_epoch(self, runner):
        next(iter(runner.train_dataloader))


def test_an_epoch_keeps_nothing_of_an_iteration_that_was_abandoned(tmp_path):
    pytest.importorskip('mmdet.datasets.samplers')
    options = options_of(
        dict(by_epoch=True, max_epochs=3),
        pruner=dict(type='SeTa'),
        loader=dict(
            dataset=Pictures(601), batch_sampler=dict(type='mmdet.AspectRatioBatchSampler')
        ),
    )
    whole = train(tmp_path / 'whole', custom_hooks=[Peek()], **options)
    assert 'yields samples that the plan' not in read_log(tmp_path / 'whole')
    checkpoint = str(tmp_path / 'whole' / 'iter_200.pth')
    resumed = train(
        tmp_path / 'on', custom_hooks=[Peek()], load_from=checkpoint, resume=True, **options
    )
    assert_same_run(resumed, whole)


def test_batch_sampler_with_a_batch_size_for_each_source(tmp_path):
    pytest.importorskip('mmdet.datasets.samplers')
    batches = dict(type='mmdet.MultiDataAspectRatioBatchSampler', batch_size=[4, 2], num_datasets=2)
    _, recorder, hook = train(tmp_path, loader=dict(dataset=Pictures(42), batch_sampler=batches))
    for batch in recorder.batches:
        (source,) = {int(index >= 20) for index in batch}
        assert len(batch) == [4, 2][source]
    assert_same_scores(hook.sampler.scorer, replay(recorder))
