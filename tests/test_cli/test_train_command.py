"""``bls train``: earlier runs, errors, Ctrl+C."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from bls_mm.cli.main import main, run_command

ROOT = Path(__file__).parents[2]


def samples_seen(work_dir):
    return json.loads((work_dir / 'bls_summary.json').read_text())['samples_seen']


def test_run_meets_its_target(write_config, tmp_path):
    main(['train', write_config(), '--target-savings', '0.25', '--work-dir', 'run'])
    assert samples_seen(tmp_path / 'run') == 0.75 * 4 * 42


def test_earlier_run_is_not_replaced_silently(write_config, sentence_of, tmp_path, capsys):
    arguments = '--target-savings', '0.25', '--work-dir', 'run'
    main(['train', write_config(), *arguments])
    before = (tmp_path / 'run' / 'epoch_4.pth').read_bytes()
    message = "the work dir 'run' contains another run; give another --work-dir, or --resume"
    assert message in sentence_of('train', write_config(), *arguments)
    assert (tmp_path / 'run' / 'epoch_4.pth').read_bytes() == before
    main(['train', write_config(), *arguments, '--resume'])
    main(['train', write_config(), '--pruner', 'NoPruning', '--work-dir', 'run', '--overwrite'])
    assert 'replaces the run in run\n' in capsys.readouterr().out
    assert samples_seen(tmp_path / 'run') == 4 * 42


def test_resume_with_nothing_to_continue_starts_from_load_from(write_config, tmp_path):
    main(['train', write_config(), '--work-dir', 'first'])
    first = torch.load(tmp_path / 'first' / 'epoch_4.pth', weights_only=False)
    frozen = {'load_from': 'first/epoch_4.pth', 'optim_wrapper.optimizer.lr': 0.0}
    for work_dir in ('second', 'second'):  # the second time, there is a checkpoint to continue from
        main(['train', write_config(**frozen), '--work-dir', work_dir, '--resume'])
        path = tmp_path / work_dir / 'epoch_4.pth'
        weights = torch.load(path, weights_only=False)['state_dict']
        assert all(weights[name].equal(value) for name, value in first['state_dict'].items())


def test_tool_replaces_a_run_as_openmmlab_does(write_config, tmp_path, capsys):
    for pruner in ('DynamicRandom(prune_ratio=0.5)', 'NoPruning'):
        arguments = [write_config(), '--pruner', pruner, '--work-dir', 'run']
        run_command('train', arguments, 'train.py', overwrite=True)
    assert samples_seen(tmp_path / 'run') == 4 * 42
    assert 'replaces the run in run\n' in capsys.readouterr().out


def test_error_of_a_training_is_the_last_line(write_config, tmp_path):
    config = write_config(pruner=dict(type='SeTa'), **{'default_hooks.bls.components': dict(x=1)})
    done = bls(tmp_path, 'train', config, '--work-dir', 'run')
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("components names 'x', but the model returns loss_square")
    assert 'Traceback' not in done.stderr + done.stdout
    (log,) = (tmp_path / 'run').glob('error_*.log')
    assert last.endswith(f'(traceback: {log.relative_to(tmp_path)})')
    assert 'Traceback' in log.read_text()
    shown = bls(tmp_path, 'train', config, '--work-dir', 'run', '--debug')
    assert 'Traceback' in shown.stderr


def test_interrupt_is_one_line(write_config, tmp_path):
    config = write_config(pruner=dict(type='SeTa'), **{'train_cfg.max_epochs': 100_000})
    command = [sys.executable, '-m', 'bls_mm.cli', 'train', config, '--work-dir', 'run']
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment(), text=True, stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, preexec_fn=heed_interrupts,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not (tmp_path / 'run' / 'bls_summary.json').exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    try:
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()  # it would write a checkpoint of each epoch until the disk is full
    assert process.returncode == 130, error
    assert 'Traceback' not in error
    assert error.splitlines()[-1] == (
        'interrupted; the same command with --resume continues from the last checkpoint'
    )


@pytest.mark.parametrize('tool', ['train.py', 'test.py', 'compare.py'])
def test_tools_need_no_other_folder(tool, tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / 'tools' / tool, '--help'],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith(f'usage: {tool} ')


def heed_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell may ignore it in background jobs


def environment():
    paths = os.pathsep.join(map(str, (ROOT, ROOT / 'tests')))
    return {**os.environ, 'PYTHONPATH': paths, 'OMP_NUM_THREADS': '1'}


def bls(folder, *arguments):
    return subprocess.run(
        [sys.executable, '-m', 'bls_mm.cli', *arguments],
        cwd=folder, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_copied_work_dir_resumes_from_its_own_checkpoint(write_config, tmp_path):
    flags = '--target-savings', '0.2'
    main(['train', write_config(), '--work-dir', 'first', *flags])
    shutil.copytree('first', 'copy')
    checkpoint = torch.load('copy/epoch_4.pth', weights_only=False)
    for value in checkpoint['state_dict'].values():
        value.fill_(3)
    checkpoint['optimizer']['param_groups'][0]['lr'] = 0.0
    torch.save(checkpoint, 'copy/epoch_4.pth')
    config = write_config(**{'train_cfg.max_epochs': 5})
    for work_dir, resume in (('second', ['--resume']), ('third', ['--resume', 'copy'])):
        shutil.copytree('copy', work_dir)
        main(['train', config, '--work-dir', work_dir, *flags, *resume])
        weights = torch.load(f'{work_dir}/epoch_5.pth', weights_only=False)['state_dict']
        assert all((value == 3).all() for value in weights.values())


def test_resume_names_a_missing_checkpoint(write_config, sentence_of):
    message = sentence_of('train', write_config(), '--resume', 'none', '--work-dir', 'new')
    assert message == "there is no checkpoint 'none'"


@pytest.mark.parametrize(
    'changes',
    [
        {'custom_hooks': [dict(type='bls_mm.BLSHook')]},
        {'default_hooks.prune': dict(type='bls_mm.BLSHook')},
    ],
)
def test_a_hook_under_another_name_counts(write_config, tmp_path, changes):
    config = write_config(**changes)
    main(['train', config, '--target-savings', '0.25', '--work-dir', 'run'])
    assert samples_seen(tmp_path / 'run') == 0.75 * 4 * 42


@pytest.mark.parametrize('launcher', ['pytorch', 'slurm', 'mpi'])
@pytest.mark.parametrize('command', ['train', 'test'])
def test_a_launcher_that_did_not_start_the_process_is_named(
    write_config, capsys, monkeypatch, command, launcher
):
    for variable in ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_LOCAL_RANK'):
        monkeypatch.delenv(variable, raising=False)
    checkpoint = ['run'] if command == 'test' else []
    with pytest.raises(SystemExit):
        main([command, write_config(), *checkpoint, '--launcher', launcher])
    sentence = capsys.readouterr().err
    assert f'--launcher {launcher} needs the variable' in sentence and sentence.count('\n') == 1
    main(['train', write_config(dict(type='SeTa')), '--launcher', launcher, '--dry-run'])
