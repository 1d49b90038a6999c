import shutil

import pytest
import torch
from mmengine.logging import HistoryBuffer
from old_torch import reads_checkpoints
from toy import train

from bls_mm.analysis.checkpoints import read_checkpoint, read_seconds


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('run')
    train(work_dir, max_epochs=2)
    return work_dir


@pytest.fixture
def work_dir(run, tmp_path):
    shutil.copytree(run, tmp_path / 'run')
    return tmp_path / 'run'


@reads_checkpoints
def test_seconds_are_those_of_all_iterations(work_dir):
    seconds = read_seconds(work_dir)
    checkpoint = read_checkpoint(work_dir / 'epoch_2.pth')
    assert seconds == checkpoint['message_hub']['log_scalars']['train/time'].data[0].sum() > 0


def test_run_without_checkpoint_has_no_seconds(work_dir):
    (work_dir / 'epoch_2.pth').unlink()
    assert read_seconds(work_dir) is None
    (work_dir / 'last_checkpoint').unlink()
    assert read_seconds(work_dir) is None


@pytest.mark.parametrize('text', ['..', '/', 'a\0b', 'x' * 5000, '\ud800', '/etc/passwd'])
def test_name_of_the_last_checkpoint_stays_in_the_work_dir(work_dir, text):
    (work_dir / 'last_checkpoint').write_bytes(text.encode('utf-8', 'surrogatepass'))
    try:
        assert read_seconds(work_dir) is None
    except ValueError as error:
        assert 'is empty' in str(error)


@pytest.mark.parametrize('size', [0, 1, 100, -1, -50])
def test_cut_checkpoint_raises_one_sentence(work_dir, size):
    path = work_dir / 'epoch_2.pth'
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match='is damaged, or contains more than the data') as caught:
        read_seconds(work_dir)
    assert '\n' not in str(caught.value)


def test_empty_last_checkpoint_raises_one_sentence(work_dir):
    (work_dir / 'last_checkpoint').write_text('\n')
    with pytest.raises(ValueError, match=r'last_checkpoint.* is empty'):
        read_seconds(work_dir)


@pytest.mark.parametrize(
    'content',
    [
        {},
        dict(message_hub=5),
        dict(message_hub=dict(log_scalars=[])),
        dict(message_hub=dict(log_scalars={'train/time': 'long'})),
    ],
    ids=str,
)
def test_checkpoint_without_log_raises_one_sentence(work_dir, content):
    torch.save(content, work_dir / 'epoch_2.pth')
    with pytest.raises(ValueError, match='has no log of MMEngine'):
        read_seconds(work_dir)


@reads_checkpoints
def test_log_without_times_has_no_seconds(work_dir):
    scalars = {'train/loss': HistoryBuffer([1.0], [1])}
    torch.save(dict(message_hub=dict(log_scalars=scalars)), work_dir / 'epoch_2.pth')
    assert read_seconds(work_dir) is None


def test_directory_or_other_content_is_no_checkpoint(tmp_path):
    with pytest.raises(FileNotFoundError, match='there is no checkpoint'):
        read_checkpoint(tmp_path)
    torch.save([1], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match='is not a checkpoint of MMEngine'):
        read_checkpoint(tmp_path / 'list.pth')


@pytest.mark.parametrize(
    ('version', 'is_old'),
    [
        ('2.5.1', True),
        pytest.param('2.6.0', False, marks=reads_checkpoints),
        pytest.param('2.11.0+cu130', False, marks=reads_checkpoints),
    ],
)
def test_old_torch_is_named_as_a_cause(tmp_path, monkeypatch, version, is_old):
    path = tmp_path / 'epoch_1.pth'
    path.write_bytes(b'damaged')
    monkeypatch.setattr(torch, '__version__', version)
    with pytest.raises(ValueError, match='is damaged') as caught:
        read_checkpoint(path)
    assert ('needs torch 2.6' in str(caught.value)) is is_old
