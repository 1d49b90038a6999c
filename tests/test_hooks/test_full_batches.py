"""Iteration-based runs that had an InfiniteSampler: their batches stay full."""

import pytest
from mmengine.config import Config
from toy import ToyData, assert_same_scores, build_runner, find_hook, replay, train

from bls_mm.config import attach_bls
from bls_mm.scorers import BatchLossScorer

ITERATIONS = dict(by_epoch=False, max_iters=66, val_interval=1000)
EPOCHS = dict(by_epoch=True, max_epochs=6)


def attached(pruner):
    """What ``--pruner`` puts in the place of an InfiniteSampler."""
    cfg = Config(dict(train_dataloader=dict(sampler=dict(type='InfiniteSampler', shuffle=True))))
    sampler = attach_bls(cfg, pruner).train_dataloader.sampler.to_dict()
    assert sampler.pop('type') == 'bls_mm.BLSSampler'
    return dict(pruner=sampler.pop('pruner'), sampler=sampler)


@pytest.mark.parametrize('drop_last', [False, True])
@pytest.mark.parametrize(('num', 'batch_size'), [(42, 4), (5, 8), (8, 8), (17, 16)])
def test_all_batches_are_full(tmp_path, num, batch_size, drop_last):
    _, recorder, hook = train(
        tmp_path,
        train_cfg=dict(ITERATIONS),
        num=num,
        batch_size=batch_size,
        loader=dict(drop_last=drop_last),
        **attached('SeTa'),
    )
    assert {len(batch) for batch in recorder.batches} == {batch_size}
    assert_same_scores(hook.sampler.scorer, replay(recorder, BatchLossScorer(num)))
    assert hook.savings.samples_seen == len(recorder.batches) * batch_size
    assert hook.savings.pruned >= 0
    assert (hook.sampler.scorer.visits > 0).all()


def test_unpruned_run_sees_as_much_as_with_an_infinite_sampler(tmp_path):
    _, recorder, hook = train(tmp_path, train_cfg=dict(ITERATIONS), **attached('NoPruning'))
    assert [len(batch) for batch in recorder.batches] == [4] * 66
    assert hook.savings.pruned == 0


@pytest.mark.parametrize('train_cfg', [EPOCHS, ITERATIONS], ids=['epochs', 'iterations'])
def test_full_batches_resume_exactly(tmp_path, train_cfg):
    saver = dict(checkpoint=dict(type='CheckpointHook', interval=13, by_epoch=False))
    options = dict(train_cfg=train_cfg, sampler=dict(fill_last_batch=True), default_hooks=saver)
    _, whole, hook = train(tmp_path / 'whole', **{**options, 'train_cfg': dict(train_cfg)})
    runner = build_runner(
        tmp_path / 'on',
        load_from=str(tmp_path / 'whole' / 'iter_26.pth'),
        resume=True,
        **{**options, 'train_cfg': dict(train_cfg)},
    )
    runner.train()
    assert_same_scores(find_hook(runner).sampler.scorer, hook.sampler.scorer)
    assert {len(batch) for batch in whole.batches} == {4}


@pytest.mark.parametrize('num_repeats', [2, 3])
def test_repeated_samples_are_scored_with_their_batches(tmp_path, num_repeats):
    _, recorder, hook = train(tmp_path, sampler=dict(num_repeats=num_repeats), batch_size=6)
    for batch in recorder.batches:
        assert len(set(batch)) <= -(-len(batch) // num_repeats)
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert hook.savings.samples_seen == sum(map(len, recorder.batches))


def test_batches_of_a_batch_sampler_are_full(tmp_path):
    pytest.importorskip('mmdet.datasets.samplers', reason='needs mmdet')

    class Pictures(ToyData):
        def get_data_info(self, index):
            return dict(width=1 + index % 2, height=1.5)

    batches = dict(type='mmdet.AspectRatioBatchSampler')
    _, recorder, hook = train(
        tmp_path,
        train_cfg=dict(ITERATIONS),
        sampler=dict(fill_last_batch=True),
        loader=dict(dataset=Pictures(), batch_sampler=batches),
    )
    assert {len(batch) for batch in recorder.batches} == {4}
    assert_same_scores(hook.sampler.scorer, replay(recorder))
