import json

import numpy as np
import pytest
from toy import train

from bls_mm.analysis.work_dir import read_run

LOG = dict(default_hooks=dict(logger=dict(type='LoggerHook', interval=1)))


def test_progress_is_what_the_run_had_done(tmp_path):
    train(tmp_path, **LOG, pruner=dict(type='SeTa', prune_ratio=0.5), num=80)
    run = read_run(tmp_path)
    epochs, losses = run.curve('loss')
    assert len(losses) == run.history[-1].iteration < 6 * 20
    for record in run.history:
        assert epochs[record.iteration - 1] == record.epoch + 1
    assert (np.diff(epochs) > 0).all()
    assert run.is_finished
    assert run.seconds > 0
    assert run.summary['epochs'] == 6


def test_a_resumed_run_is_one_run(tmp_path):
    train(tmp_path, max_epochs=3, **LOG)
    options = dict(load_from=str(tmp_path / 'epoch_2.pth'), resume=True)
    train(tmp_path, max_epochs=3, **options, **LOG)
    run = read_run(tmp_path)
    steps = [line['step'] for line in run.training]
    assert steps == list(range(1, run.history[-1].iteration + 1))


def test_a_run_without_records_has_curves(tmp_path):
    train(tmp_path, **LOG)
    for path in (tmp_path / 'bls').iterdir():
        path.unlink()
    run = read_run(tmp_path)
    assert run.history == []
    assert run.curve('lr', epoch_length=10)[0].max() == len(run.training) / 10
    assert run.curve('no such number').size == 0


def test_a_line_that_is_being_written_is_left_out(tmp_path):
    train(tmp_path, max_epochs=2, **LOG)
    log = next(tmp_path.glob('*/vis_data/scalars.json'))
    before = read_run(tmp_path).training
    with log.open('a') as file:
        file.write('{"acc": 0.5, "step": 2}\n' + json.dumps(dict(loss=1.0, step=99))[:-3])
    run = read_run(tmp_path)
    assert run.training == before
    assert run.metrics == dict(acc=0.5)


def test_a_folder_without_a_run_is_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match='holds no run; name the work dir of a training'):
        read_run(tmp_path)
