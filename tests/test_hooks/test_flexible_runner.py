"""MMEngine's FlexibleRunner works on one device, and is rejected if it shards the model."""

import pytest
from mmengine.runner import FlexibleRunner
from toy import Recorder, ToyData, ToyModel, assert_same_scores, find_hook, replay


def build(work_dir, **options):
    return FlexibleRunner(
        model=ToyModel(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            dataset=ToyData(),
            batch_size=4,
            num_workers=0,
            sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='InfoBatch')),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=4),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)),
        default_hooks=dict(bls=dict(type='bls_mm.BLSHook')),
        custom_hooks=[Recorder()],
        experiment_name=work_dir.name,
        log_level='WARNING',
        **options,
    )


def test_run_on_one_device_scores_and_resumes(tmp_path):
    whole = build(tmp_path / 'whole')
    whole.train()
    record = next(hook for hook in whole.hooks if isinstance(hook, Recorder))
    assert_same_scores(find_hook(whole).sampler.scorer, replay(record))
    assert len(record.batches) < 44

    resumed = build(
        tmp_path / 'resumed', load_from=str(tmp_path / 'whole' / 'epoch_2.pth'), resume=True
    )
    resumed.train()
    later = next(hook for hook in resumed.hooks if isinstance(hook, Recorder))
    assert later.losses == record.losses[-len(later.losses) :]


def test_sharding_strategies_are_rejected(tmp_path):
    runner = build(tmp_path)
    runner.strategy = type('FSDPStrategy', (type(runner.strategy),), {})()
    with pytest.raises(TypeError, match='does not work with FSDPStrategy, which shards the model'):
        runner.train()
