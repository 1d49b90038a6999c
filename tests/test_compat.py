"""The two gaps of the ecosystem are closed, and no wider than they are."""

import pickle
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler
from test_hooks.test_clock import SCHEDULES
from toy import train

from bls_mm.compat import allow_mmengine_checkpoints


@pytest.mark.parametrize('name', SCHEDULES)
def test_checkpoints_of_every_schedule_load_and_resume(tmp_path, name):
    options = dict(max_epochs=8, param_scheduler=[dict(each) for each in SCHEDULES[name]])
    _, whole, _ = train(tmp_path / 'whole', **options)
    checkpoint = str(tmp_path / 'whole' / 'epoch_5.pth')
    assert 'bls' in torch.load(checkpoint, weights_only=True)
    options['param_scheduler'] = [dict(each) for each in SCHEDULES[name]]
    _, resumed, _ = train(tmp_path / 'on', load_from=checkpoint, resume=True, **options)
    assert resumed.lrs == whole.lrs[-len(resumed.lrs) :]


class Evil:
    """Pickles as a call of getattr on something."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return getattr, self.arguments


@pytest.mark.parametrize(
    'arguments', [(OneCycleParamScheduler, '__init__'), (subprocess.Popen, 'kill'), ('x', 'format')]
)
def test_the_door_is_no_wider(tmp_path, arguments):
    allow_mmengine_checkpoints()
    torch.save(dict(evil=Evil(*arguments)), tmp_path / 'evil.pth')
    with pytest.raises((pickle.UnpicklingError, AttributeError), match='allowed'):
        torch.load(tmp_path / 'evil.pth', weights_only=True)


@pytest.mark.skipif(find_spec('mmocr') is None, reason='mmocr is not installed')
@pytest.mark.parametrize('first', ['', 'import mmdet; '])
def test_mmocr_is_imported_beside_a_newer_mmdet(first):
    code = (
        f'{first}from bls_mm.compat import allow_mmocr; allow_mmocr(); '
        'import mmdet, mmocr; print(mmdet.__version__)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '3.3.0'
