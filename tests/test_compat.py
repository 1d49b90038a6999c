"""MMEngine's checkpoints resume, and MMOCR is imported beside a newer MMDetection."""

import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch
from test_hooks.test_clock import SCHEDULES
from toy import train


@pytest.mark.parametrize('name', SCHEDULES)
def test_checkpoints_of_every_schedule_load_and_resume(tmp_path, name):
    options = dict(max_epochs=8, param_scheduler=[dict(each) for each in SCHEDULES[name]])
    _, whole, _ = train(tmp_path / 'whole', **options)
    checkpoint = str(tmp_path / 'whole' / 'epoch_5.pth')
    if torch.__version__ >= '2.6':  # knows stand-ins for names in a checkpoint
        assert 'bls' in torch.load(checkpoint, weights_only=True)
    options['param_scheduler'] = [dict(each) for each in SCHEDULES[name]]
    _, resumed, _ = train(tmp_path / 'on', load_from=checkpoint, resume=True, **options)
    assert resumed.lrs == whole.lrs[-len(resumed.lrs) :]


@pytest.mark.skipif(find_spec('mmocr') is None, reason='mmocr is not installed')
@pytest.mark.parametrize('first', ['', 'import mmdet; '])
def test_mmocr_is_imported_beside_a_newer_mmdet(first):
    code = (
        f'{first}from bls_mm.compat import allow_mmocr; allow_mmocr(); '
        'import mmdet, mmocr; print(mmdet.__version__)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '3.3.0'
