"""MMEngine's checkpoints resume, and libraries are imported beside packages that they refuse."""

import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch
from test_hooks.test_clock import SCHEDULES
from toy import train

from bls_mm.compat import import_library


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


@pytest.mark.parametrize(
    ('name', 'refused', 'version'), [('mmocr', 'mmdet', '3.3.0'), ('mmyolo', 'mmcv', '2.1.0')]
)
@pytest.mark.parametrize('imports_first', [False, True])
def test_library_is_imported_beside_what_it_refuses(name, refused, version, imports_first):
    if find_spec(name) is None or find_spec(refused) is None:
        pytest.skip(f'needs {name}')
    code = (
        f'{f"import {refused}; " if imports_first else ""}from bls_mm.compat import import_library;'
        f'import_library({name!r}); import {name}, {refused}; print({refused}.__version__)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == version


def test_missing_library_raises_one_sentence():
    with pytest.raises(ModuleNotFoundError, match="needs 'mmtrack', which is not installed; ins"):
        import_library('mmtrack')


@pytest.mark.parametrize('scope', [None, 'mmengine', 'of_user'])
def test_scope_that_is_no_library_is_left_alone(scope):
    import_library(scope)
