"""Checkpoints of version 0.1 resume, and the run continues as it did then.

``tests/data`` contains checkpoints of three runs of version 0.1, each saved within an epoch, and
what the runs did after them: batches, losses and learning rates.
"""

import json
from pathlib import Path

import pytest
from toy import train

DATA = Path(__file__).parents[1] / 'data'
# The config of each run.
RUNS = {
    'epochs': dict(
        pruner=dict(type='UCB'),
        train_cfg=dict(by_epoch=True, max_epochs=6),
    ),
    'iterations': dict(
        pruner=dict(type='InfoBatch', target_savings=0.25, guards=[dict(type='Revisit', epochs=2)]),
        train_cfg=dict(by_epoch=False, max_iters=57, val_interval=1000),
    ),
    'interval': dict(
        pruner=dict(type='EpsilonGreedy', interval=3, guards=[dict(type='Revisit', epochs=2)]),
        sampler=dict(scorer=dict(type='ResidualScorer')),
        train_cfg=dict(by_epoch=True, max_epochs=6),
    ),
}
SCHEDULE = [dict(type='CosineAnnealingLR', by_epoch=False, T_max=57)]


def resume(work_dir, name, **options):
    checkpoint = str(DATA / f'checkpoint_v0.1_{name}.pth')
    options = dict(RUNS[name], **options)
    return train(work_dir, load_from=checkpoint, resume=True, param_scheduler=SCHEDULE, **options)


@pytest.mark.parametrize('name', RUNS)
def test_run_continues_as_it_did_with_version_0_1(tmp_path, name):
    expected = json.loads((DATA / 'runs_v0.1.json').read_text())[name]
    runner, recorder, hook = resume(tmp_path, name)
    assert recorder.batches == expected['batches']
    assert recorder.losses == pytest.approx(expected['losses'], rel=1e-5)
    assert recorder.lrs == pytest.approx(expected['lrs'], rel=1e-6, abs=1e-12)
    assert runner.iter == expected['iteration'] + len(expected['batches'])
    assert hook.savings.iterations == runner.iter
    assert hook.savings.epochs >= 5


def test_run_with_a_target_resumes_without_it(tmp_path):
    _, recorder, hook = resume(tmp_path, 'iterations', pruner=dict(type='InfoBatch'))
    expected = json.loads((DATA / 'runs_v0.1.json').read_text())['iterations']
    position = next(i for i, batch in enumerate(expected['batches']) if len(batch) < 4) + 1
    assert recorder.batches[:position] == expected['batches'][:position]  # the epoch is planned
    assert hook.sampler.scorer.visits.all()


def test_run_without_a_target_resumes_with_one(tmp_path):
    pruner = dict(type='UCB', target_savings=0.3, guards=[dict(type='Revisit', epochs=3)])
    _, recorder, _ = resume(tmp_path, 'epochs', pruner=pruner)
    assert len(recorder.batches) > 5
