"""A built wheel contains configs and tools, and MMEngine finds them by name."""

import os
import re
import shutil
import site
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import yaml

import bls_mm

ROOT = Path(__file__).parents[1]
FOLDERS = ('bls_mm', 'configs', 'tools')
FILES = ('setup.py', 'pyproject.toml', 'README.md', 'LICENSE', 'model-index.yml')
SCRIPT = """
import sys
import bls_mm
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import TRANSFORMS, init_default_scope
from bls_mm.compat import import_library
from bls_mm.config import load_config

assert bls_mm.__file__.startswith(sys.argv[1]), bls_mm.__file__
name = 'bls_mm::detection/retinanet_bls-seta_r50_fpn_1x_coco.py'
assert get_config(name).train_dataloader.sampler.pruner.type == 'SeTa'
assert load_config(name).default_hooks.bls.type == 'bls_mm.BLSHook'
cfg = Config.fromfile('mine.py')
assert cfg.train_dataloader.sampler.pruner.type == 'InfoBatch'
assert cfg.train_cfg.max_epochs == 1
import_library(cfg.default_scope)
init_default_scope(cfg.default_scope)
for transform in cfg.test_dataloader.dataset.pipeline:  # as a runner does
    TRANSFORMS.build(transform)
print('found')
"""


def pip(*arguments, cwd):
    command = [sys.executable, '-m', 'pip', '--disable-pip-version-check', *arguments, '-q']
    subprocess.run(command, check=True, cwd=cwd, capture_output=True)


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """A new folder with the package installed from a wheel, and the wheel."""
    folder = tmp_path_factory.mktemp('package')
    for name in FOLDERS:
        ignored = shutil.ignore_patterns('.mim', '__pycache__')
        shutil.copytree(ROOT / name, folder / 'source' / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, folder / 'source')
    pip('wheel', '--no-deps', '--no-build-isolation', '-w', folder, '.', cwd=folder / 'source')
    (wheel,) = folder.glob('*.whl')
    pip('install', '--no-deps', '--target', folder / 'target', wheel, cwd=folder)
    return folder / 'target', wheel


def test_wheel_contains_all_source_files(installed):
    target, wheel = installed
    assert wheel.name.startswith(f'bls_mm-{bls_mm.__version__}-')
    for folder in FOLDERS:
        files = (ROOT / folder).rglob('*.*')
        sources = [path.relative_to(ROOT) for path in files if path.suffix != '.pyc']
        base = target if folder == 'bls_mm' else target / 'bls_mm' / '.mim'
        missing = [path for path in sources if not (base / path).is_file()]
        assert not [path for path in missing if '.mim' not in path.parts]  # of an editable install


def test_wheel_contains_every_config_of_the_model_index(installed):
    mim = installed[0] / 'bls_mm' / '.mim'
    index = yaml.safe_load((mim / 'model-index.yml').read_text())
    configs = [
        model['Config']
        for metafile in index['Import']
        for model in yaml.safe_load((mim / metafile).read_text())['Models']
    ]
    assert len(configs) > 100
    assert all((mim / config).is_file() for config in configs)


def metadata_of(target):
    (folder,) = target.glob('bls_mm-*.dist-info')
    return folder


def test_wheel_installs_the_command(installed, tmp_path):
    target, _ = installed
    entry = (metadata_of(target) / 'entry_points.txt').read_text()
    assert entry.split() == ['[console_scripts]', 'bls', '=', 'bls_mm.cli.main:main']
    # As the script does; from the wheel, with its makers of data sets, in any folder.
    call = 'import sys; from bls_mm.cli.main import main; main(sys.argv[1:])'
    env = {**os.environ, 'PYTHONPATH': str(target)}
    for arguments, expected in ((['--help'], 'label-issues'), (['data', '--help'], 'digit-scenes')):
        done = subprocess.run(
            [sys.executable, '-c', call, *arguments],
            cwd=tmp_path, env=env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert expected in done.stdout
    flags = ['--out', 'words', '--train', '2', '--test', '2', '--processes', '1']
    command = [sys.executable, '-c', call, 'data', 'words', *flags]
    subprocess.run(command, cwd=tmp_path, env=env, check=True)
    assert len(list((tmp_path / 'words').rglob('*.jpg'))) == 4


def test_extras_name_nothing_that_pip_must_compile(installed):
    metadata = (metadata_of(installed[0]) / 'METADATA').read_text()
    required = dict.fromkeys(re.findall(r'^Requires-Dist: ([\w-]+)', metadata, re.MULTILINE))
    assert {'mmengine', 'mmdet', 'mmocr', 'mmpretrain'} <= set(required)
    assert 'mmcv' not in required
    extras = re.findall(r'^Provides-Extra: (\w+)', metadata, re.MULTILINE)
    assert {'det', 'ocr', 'cls', 'all', 'analysis'} <= set(extras)
    of_extra = re.findall(r'^Requires-Dist: ([^\s;]+).*extra == "ocr"', metadata, re.MULTILINE)
    assert 'numpy<2' in of_extra  # imgaug, which MMOCR needs, fails with numpy 2
    of_extra = re.findall(r'^Requires-Dist: ([^\s;]+).*extra == "yolo"', metadata, re.MULTILINE)
    assert {'numpy<2', 'opencv-python-headless<4.12'} <= set(of_extra)  # of albumentations


def find_configs(folder, python, package, **env):
    """Runs the script on an installed package, in a folder with a config of the user."""
    (folder / 'mine.py').write_text(
        "_base_ = 'bls_mm::demo/crnn-slim_bls-infobatch_6e_short-words.py'\n"
        'train_cfg = dict(max_epochs=1)\n'
    )
    result = subprocess.run(
        [python, '-c', SCRIPT, str(package)],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'found' in result.stdout, result.stderr


def test_configs_are_found_by_name(installed, tmp_path):
    find_configs(tmp_path, sys.executable, installed[0], PYTHONPATH=str(installed[0]))


def test_configs_of_an_editable_install_are_found_by_name(tmp_path):
    source, environment = tmp_path / 'source', tmp_path / 'environment'
    for name in FOLDERS:
        ignored = shutil.ignore_patterns('.*', '__pycache__')
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, source)
    run = partial(subprocess.run, check=True, capture_output=True)
    run([sys.executable, '-m', 'venv', '--without-pip', environment])
    python = environment / 'bin' / 'python'
    # All other packages come from the environment of the test.
    (packages,) = environment.glob('lib/*/site-packages')
    (packages / 'outer.pth').write_text(
        f'import site; site.addsitedir({site.getsitepackages()[0]!r})'
    )
    pip = [python, '-m', 'pip', 'install', '-q', '--no-deps', '--no-build-isolation']
    run([*pip, '-e', source], env={**os.environ, 'PYTHONPATH': ''})
    find_configs(tmp_path, python, source, PYTHONPATH='')


def test_version_equals_changelog_and_citation():
    newest = re.search(r'^## (\d\S*)', (ROOT / 'CHANGELOG.md').read_text(), re.MULTILINE)[1]
    citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text())
    assert newest == citation['version'] == bls_mm.__version__
