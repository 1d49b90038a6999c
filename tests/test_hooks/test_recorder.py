"""Nothing that BLSHook writes ends a training, and each epoch costs the same."""

import errno
import os
import subprocess
from pathlib import Path

import pytest
from mmengine.visualization import BaseVisBackend
from toy import read_log, train

from bls_mm.hooks import recorder
from bls_mm.records.history import load_history, path_of
from bls_mm.records.savings import read_summary
from bls_mm.research import loss_record

OLD_OPEN = Path.open


class FullFile:
    """A file on a disk that is full after some bytes."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, content):
        self.room -= len(content)
        if self.room < 0:
            raise OSError(errno.ENOSPC, 'No space left on device')
        return self.file.write(content)


def fill_disk(monkeypatch, room):
    def open_part(path, mode='r', *args, **kwargs):
        file = OLD_OPEN(path, mode, *args, **kwargs)
        return FullFile(file, room) if path.suffix == '.part' else file

    monkeypatch.setattr(Path, 'open', open_part)


def deny(monkeypatch, room):
    def open_part(path, mode='r', *args, **kwargs):
        if path.suffix == '.part':
            raise PermissionError(errno.EACCES, 'Permission denied')
        return OLD_OPEN(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, 'open', open_part)


# The record of an epoch has 2,500 bytes.
@pytest.mark.parametrize(
    ('fault', 'room'), [(fill_disk, 0), (fill_disk, 100), (fill_disk, 1500), (deny, 0)]
)
@pytest.mark.filterwarnings('error::pytest.PytestUnraisableExceptionWarning')
def test_full_disk_does_not_stop_the_run(tmp_path, monkeypatch, fault, room):
    fault(monkeypatch, room)
    runner, _, _ = train(tmp_path, max_epochs=3)
    assert runner.epoch == 3
    log = read_log(tmp_path)
    assert 'the record could not be written ([Errno' in log
    assert 'training goes on, and a report will lack it' in log
    assert load_history(tmp_path) == []
    assert not list(tmp_path.rglob('*.part'))
    assert (tmp_path / 'epoch_3.pth').exists()


@pytest.mark.skipif(os.name != 'posix' or os.getuid() != 0, reason='needs root, to mount a disk')
def test_small_disk_keeps_its_room_for_the_checkpoint(tmp_path):
    disk = tmp_path / 'bls'
    disk.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip('may not mount a disk')
    try:
        runner, _, _ = train(tmp_path, max_epochs=4, num=2500, batch_size=500)
        assert runner.epoch == 4
        assert [record.epoch for record in load_history(tmp_path)] == [0, 1]  # 8 kB each
        assert {path.name for path in disk.iterdir()} == {'epoch_1.npz', 'epoch_2.npz'}
    finally:
        subprocess.run(['umount', str(disk)], check=True)
    assert 'No space left on device' in read_log(tmp_path)


def test_directories_in_place_of_files_do_not_stop_the_run(tmp_path):
    path_of(tmp_path, 1).mkdir(parents=True)
    (tmp_path / 'bls_summary.json').mkdir()
    runner, _, _ = train(tmp_path, max_epochs=3)
    assert runner.epoch == 3
    assert [record.epoch for record in load_history(tmp_path)] == [0, 2]
    assert read_summary(tmp_path) == {}


def test_foreign_files_do_not_stop_the_run_and_stay(tmp_path):
    folder = tmp_path / 'bls'
    folder.mkdir()
    names = 'epoch_best.npz', 'epoch_1 (1).npz', 'epoch_.npz', 'notes.txt'
    for name in names:
        (folder / name).write_text('mine')
    train(tmp_path, max_epochs=2)
    assert [record.epoch for record in load_history(tmp_path)] == [0, 1]
    assert all((folder / name).read_text() == 'mine' for name in names)


class BrokenBackend(BaseVisBackend):
    """Fails as a service does that is not reached."""

    experiment = None

    def _init_env(self):
        pass

    def add_scalars(self, scalars, *args, **kwargs):
        if 'bls/score_mean' in scalars:
            raise ConnectionError('no route to host')


def test_failing_visualizer_does_not_stop_the_run(tmp_path):
    visualizer = dict(type='Visualizer', vis_backends=[dict(type=BrokenBackend)])
    runner, _, _ = train(tmp_path, max_epochs=2, visualizer=visualizer)
    assert runner.epoch == len(load_history(tmp_path)) == 2
    expected = 'the numbers of the epoch could not be written (no route to host); training goes on'
    assert expected in read_log(tmp_path)


def test_old_records_that_stay_do_not_stop_the_run(tmp_path, monkeypatch):
    train(tmp_path, max_epochs=2)
    unlink = Path.unlink

    def deny_unlink(path, **options):
        if path.suffix == '.npz':
            raise PermissionError(errno.EACCES, 'Permission denied')
        unlink(path, **options)

    monkeypatch.setattr(Path, 'unlink', deny_unlink)
    runner, _, _ = train(tmp_path, max_epochs=3)
    assert runner.epoch == len(load_history(tmp_path)) == 3


@pytest.mark.parametrize('loop', ['epochs', 'iterations'])
def test_records_are_listed_once_per_run(tmp_path, monkeypatch, loop):
    calls, delete_from = [], recorder.delete_from

    def count(work_dir, epoch):
        calls.append(epoch)
        delete_from(work_dir, epoch)

    monkeypatch.setattr(recorder, 'delete_from', count)
    iterations = dict(by_epoch=False, max_iters=60, val_interval=1000)
    options = dict(max_epochs=7) if loop == 'epochs' else dict(train_cfg=iterations)
    train(tmp_path, num=42, **options)
    assert calls == [0]
    assert len(load_history(tmp_path)) >= 5
    if loop == 'epochs':
        train(tmp_path, load_from=str(tmp_path / 'epoch_3.pth'), resume=True, **options)
        assert calls == [0, 3]
        assert [record.epoch for record in load_history(tmp_path)] == list(range(7))


def test_second_training_of_a_runner_deletes_later_records(tmp_path):
    runner, _, _ = train(tmp_path, max_epochs=4)
    hook_recorder = next(hook.recorder for hook in runner.hooks if hasattr(hook, 'recorder'))
    train(tmp_path, max_epochs=4)  # another run, in the same folder
    runner.train_loop._epoch = runner.train_loop._iter = 0
    runner.train_loop._max_epochs = 1
    runner.train()
    assert hook_recorder._next == (runner.work_dir, 1)
    assert [record.epoch for record in load_history(tmp_path)] == [0]


def test_loss_recorder_does_not_stop_the_run(tmp_path, monkeypatch):
    (tmp_path / loss_record.FILE_NAME).mkdir()
    hooks = [dict(type='bls_mm.research.LossRecorder')]
    runner, _, _ = train(tmp_path, max_epochs=2, custom_hooks=hooks)
    assert runner.epoch == 2
    assert 'LossRecorder: the record could not be written' in read_log(tmp_path)


def test_log_says_why_the_first_epoch_is_not_pruned(tmp_path):
    train(tmp_path / 'scores', max_epochs=2, log_level='INFO')
    log = read_log(tmp_path / 'scores')
    assert '(0.0% pruned), mean weight 1.00; no sample has a score yet' in log
    assert log.count('saved so far') == 1
    pruner = dict(type='DynamicRandom', prune_ratio=0.5)
    train(tmp_path / 'random', pruner=pruner, max_epochs=2, log_level='INFO')
    log = read_log(tmp_path / 'random')
    assert 'has a score' not in log
    assert 'saved so far 50.0%' in log
