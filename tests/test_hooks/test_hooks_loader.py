import pytest
from toy import ToyData, train


class Pictures(ToyData):
    """Every second one is upright."""

    def get_data_info(self, index):
        return dict(width=1 + index % 2, height=1.5)

    def get_dataset_source(self, index):
        return int(index >= 20)


def test_a_batch_sampler_that_a_loop_has_begun_to_ask_starts_afresh(tmp_path):
    pytest.importorskip('mmdet.datasets.samplers')
    _, record, _ = train(
        tmp_path,
        pruner=dict(type='NoPruning'),
        num_workers=2,  # MMEngine's own iterator asks for 4 batches before the run begins
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=22, val_interval=100),
        loader=dict(dataset=Pictures(42), batch_sampler=dict(type='mmdet.AspectRatioBatchSampler')),
    )
    for epoch in record.batches[:11], record.batches[11:]:
        assert sorted(index for batch in epoch for index in batch) == list(range(42))
        assert sum(len({index % 2 for index in batch}) > 1 for batch in epoch) <= 1


def test_a_batch_sampler_of_a_batch_size_a_source_trains(tmp_path):
    pytest.importorskip('mmdet.datasets.samplers')
    batches = dict(type='mmdet.MultiDataAspectRatioBatchSampler', batch_size=[4, 2], num_datasets=2)
    _, record, _ = train(tmp_path, loader=dict(dataset=Pictures(42), batch_sampler=batches))
    for batch in record.batches:
        (source,) = {int(index >= 20) for index in batch}
        assert len(batch) == [4, 2][source]
