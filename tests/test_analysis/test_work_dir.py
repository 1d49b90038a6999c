import json
import os
import re

import numpy as np
import pytest
from old_torch import reads_checkpoints
from other_libraries import need_library
from toy import train

from bls_mm.analysis.work_dir import read_run
from bls_mm.config import load_config

LOG = dict(default_hooks=dict(logger=dict(type='LoggerHook', interval=1)))


@reads_checkpoints
def test_curve_is_over_finished_epochs(tmp_path):
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


def test_resumed_run_has_one_log(tmp_path):
    train(tmp_path, max_epochs=3, **LOG)
    options = dict(load_from=str(tmp_path / 'epoch_2.pth'), resume=True)
    train(tmp_path, max_epochs=3, **options, **LOG)
    run = read_run(tmp_path)
    steps = [line['step'] for line in run.training]
    assert steps == list(range(1, run.history[-1].iteration + 1))


def test_run_without_records_has_curves(tmp_path):
    train(tmp_path, **LOG)
    for path in (tmp_path / 'bls').iterdir():
        path.unlink()
    run = read_run(tmp_path)
    assert run.history == []
    assert run.curve('lr', epoch_length=10)[0].max() == len(run.training) / 10
    assert run.curve('no such number').size == 0


def test_truncated_line_is_ignored(tmp_path):
    train(tmp_path, max_epochs=2, **LOG)
    log = next(tmp_path.glob('*/vis_data/scalars.json'))
    before = read_run(tmp_path).training
    with log.open('a') as file:
        file.write('{"acc": 0.5, "step": 2}\n' + json.dumps(dict(loss=1.0, step=99))[:-3])
    run = read_run(tmp_path)
    assert run.training == before
    assert run.metrics == dict(acc=0.5)


def test_folder_without_run_raises(tmp_path):
    with pytest.raises(
        FileNotFoundError, match='contains no run; give the work dir of a training run'
    ):
        read_run(tmp_path)


@reads_checkpoints
def test_complete_run_misses_nothing(tmp_path):
    train(tmp_path, max_epochs=3, **LOG)
    run = read_run(tmp_path)
    assert run.missing == ()
    assert run.config_path.parent == tmp_path


def test_config_of_a_run_is_read(tmp_path):
    need_library('mmocr')
    train(tmp_path, max_epochs=1, **LOG)
    run = read_run(tmp_path)
    load_config('bls_mm::demo/crnn-slim_bls-infobatch_6e_short-words.py').dump(run.config_path)
    sampler = read_run(tmp_path).config['train_dataloader']['sampler']
    assert sampler['pruner']['type'] == 'InfoBatch'


@reads_checkpoints
@pytest.mark.parametrize(
    ('name', 'content', 'sentence'),
    [
        ('bls_summary.json', '{"epochs": 3', 'bls_summary.json is missing or damaged'),
        ('bls_summary.json', '{"epochs": 3}', 'bls_summary.json is missing or damaged'),
        ('bls_summary.json', None, 'bls_summary.json is missing or damaged'),
        ('last_checkpoint', '', "Training time: '.*last_checkpoint' is empty"),
        ('epoch_3.pth', 'cut', "Training time: the checkpoint '.*epoch_3.pth' is damaged"),
        ('bls/epoch_2.npz', 'cut', 'Epochs 2: their records are missing, damaged'),
        ('bls/epoch_2.npz', None, 'Epochs 2: their records are missing, damaged'),
    ],
)
def test_damaged_file_is_named(tmp_path, name, content, sentence):
    train(tmp_path, max_epochs=3, **LOG)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content)
    (found,) = read_run(tmp_path).missing
    assert re.match(sentence, found) or re.search(sentence, found)
    assert '\n' not in found


def test_config_with_code_is_not_run(tmp_path):
    train(tmp_path, max_epochs=1, **LOG)
    proof = tmp_path / 'proof'
    (tmp_path / 'newest.py').write_text(f'open({str(proof)!r}, "w")\n')
    os.utime(tmp_path / 'newest.py', (2e9, 2e9))
    run = read_run(tmp_path)
    assert run.config == {}
    assert 'newest.py' in run.missing[0] and 'code in it is not run' in run.missing[0]
    assert not proof.exists()


@reads_checkpoints
def test_many_missing_records_are_listed_briefly(tmp_path):
    train(tmp_path, max_epochs=14, num=8)
    for path in (tmp_path / 'bls').iterdir():
        if path.name != 'epoch_14.npz':
            path.unlink()
    (found,) = read_run(tmp_path).missing
    assert found.startswith('Epochs 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...: ')


def test_damaged_lines_of_the_log_are_ignored(tmp_path):
    train(tmp_path, max_epochs=2, **LOG)
    log = next(tmp_path.glob('*/vis_data/scalars.json'))
    before = read_run(tmp_path)
    with log.open('ab') as file:
        for line in (b'5', b'[]', b'{"loss": 1, "lr": 1}', b'{"loss": 1, "step": "x"}', b'\xff',
                     b'{"acc": "high", "step": 2}', b'[' * 100_000):  # fmt: skip
            file.write(line + b'\n')
    run = read_run(tmp_path)
    assert run.training == before.training
    assert run.metrics == {}
    assert run.curve('loss').shape == before.curve('loss').shape
