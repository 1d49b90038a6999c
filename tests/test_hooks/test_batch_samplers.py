"""Runs with MMDetection's batch samplers."""

import pytest
from toy import ToyData, assert_same_scores, replay, train


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


def test_batch_sampler_with_a_batch_size_for_each_source(tmp_path):
    pytest.importorskip('mmdet.datasets.samplers')
    batches = dict(type='mmdet.MultiDataAspectRatioBatchSampler', batch_size=[4, 2], num_datasets=2)
    _, recorder, hook = train(tmp_path, loader=dict(dataset=Pictures(42), batch_sampler=batches))
    for batch in recorder.batches:
        (source,) = {int(index >= 20) for index in batch}
        assert len(batch) == [4, 2][source]
    assert_same_scores(hook.sampler.scorer, replay(recorder))
