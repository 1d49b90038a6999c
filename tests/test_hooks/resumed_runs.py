"""Options of runs that save at every iteration, and a comparison of resumed runs."""

import pytest
import torch

EPOCHS = dict(by_epoch=True, max_epochs=6)
ITERATIONS = dict(by_epoch=False, max_iters=57, val_interval=1000)  # 5.2 epochs of 11 iterations
LOOPS = pytest.mark.parametrize('train_cfg', [EPOCHS, ITERATIONS], ids=['epochs', 'iterations'])


def options_of(train_cfg, **options):
    schedule = dict(
        type='CosineAnnealingLR', by_epoch=False, T_max=66 if 'max_epochs' in train_cfg else 57
    )
    checkpoint = dict(type='CheckpointHook', by_epoch=False, interval=1)
    return dict(
        train_cfg=dict(train_cfg),
        param_scheduler=[schedule],
        default_hooks=dict(checkpoint=checkpoint),
        **options,
    )


def assert_same_run(resumed, whole):
    """Compares a resumed run with the later part of the uninterrupted run, bit for bit."""
    (runner, record, hook), (whole_runner, whole_record, whole_hook) = resumed, whole
    skipped = len(whole_record.batches) - len(record.batches)
    assert record.batches == whole_record.batches[skipped:]
    assert record.losses == whole_record.losses[skipped:]
    assert record.lrs == whole_record.lrs[skipped:]
    assert runner.iter == whole_runner.iter
    assert torch.equal(hook.sampler.scorer.scores, whole_hook.sampler.scorer.scores)
    assert torch.equal(hook.sampler.scorer.visits, whole_hook.sampler.scorer.visits)
    for one, other in zip(runner.model.parameters(), whole_runner.model.parameters()):
        assert torch.equal(one, other)
    for name, value in vars(hook.savings).items():
        if not name.endswith('seconds'):
            assert value == getattr(whole_hook.savings, name), name
