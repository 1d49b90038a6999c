"""A component is built from a config only if its type is a subclass of what the option needs."""

import subprocess
import sys
from pathlib import Path

import pytest
from messages import without_import_warnings

from bls_mm.planning import Revisit, build_planner
from bls_mm.planning.guard import Guard
from bls_mm.pruners import Pruner, SeTa
from bls_mm.registry import (
    GUARDS,
    PRUNERS,
    SCORERS,
    build,
    find_type,
    type_name,
    without_classes,
)
from bls_mm.samplers import BLSSampler
from bls_mm.scorers import BatchLossScorer, Scorer

ROOT = Path(__file__).parents[1]
KINDS = dict(pruner=(PRUNERS, Pruner), scorer=(SCORERS, Scorer), guard=(GUARDS, Guard))
OTHER_TYPES = [
    'os.system',
    'subprocess.Popen',
    'builtins.exec',
    'os.path',
    'os.environ',
    'torch.nn.Identity',
    'test_registry.run',
    'test_registry.OfNoKind',
    'test_registry.instance',
]
ran = []


def run(*args, **kwargs):
    ran.append((args, kwargs))


class OfNoKind:
    """Records that it is built."""

    __init__ = run


instance = BatchLossScorer(4)


@pytest.fixture(autouse=True)
def nothing_runs():
    ran.clear()
    yield
    assert ran == []


@pytest.mark.parametrize('option', KINDS)
@pytest.mark.parametrize('name', OTHER_TYPES)
def test_other_types_are_not_called(tmp_path, option, name):
    registry, base = KINDS[option]
    cfg = dict(type=name, command=f'touch {tmp_path}/proof')
    with pytest.raises(TypeError, match=rf"{option} '{name}' is not a {base.__name__}; name a cl"):
        build(registry, option, cfg, base)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('option', KINDS)
@pytest.mark.parametrize(
    'kind', [run, OfNoKind, int, 5, None, ['SeTa'], lambda: None], ids=range(7)
)  # an id must not contain the address of a function: parallel test runs compare ids
def test_other_objects_are_not_called(option, kind):
    registry, base = KINDS[option]
    with pytest.raises(TypeError, match=rf'is not a {base.__name__}; name a class that inherits'):
        build(registry, option, dict(type=kind), base)


@pytest.mark.parametrize('option', KINDS)
@pytest.mark.parametrize(
    'name', ['', '.', '..', 'os.', '.os', 'a..b', 'no.such', 'os.nothing', '\0']
)
def test_names_that_cannot_be_imported_raise_one_sentence(option, name):
    registry, base = KINDS[option]
    with pytest.raises((KeyError, TypeError)) as caught:
        build(registry, option, dict(type=name), base)
    assert '\n' not in caught.value.args[0]
    assert option in caught.value.args[0]


def test_one_kind_is_not_taken_for_another():
    with pytest.raises(TypeError, match='is not a Scorer'):
        find_type(SCORERS, 'scorer', 'bls_mm.pruners.SeTa', Scorer)
    with pytest.raises(TypeError, match='is not a Pruner'):
        find_type(PRUNERS, 'pruner', 'bls_mm.scorers.BatchLossScorer', Pruner)
    assert find_type(PRUNERS, 'pruner', 'bls_mm.pruners.SeTa', Pruner) is SeTa
    assert find_type(PRUNERS, 'pruner', SeTa, Pruner) is SeTa


@pytest.mark.parametrize('name', OTHER_TYPES)
def test_nested_types_are_checked(name):
    other = dict(type=name)
    for build_it in (
        lambda: build_planner(other),
        lambda: build_planner(dict(type='SeTa', guards=[other])),
        lambda: build_planner(dict(type='bls_mm.research.ShuffledScores', pruner=other)),
        lambda: BLSSampler(range(4), pruner=other),
        lambda: BLSSampler(range(4), scorer=other),
    ):
        with pytest.raises(TypeError, match='is not a'):
            build_it()


@pytest.mark.parametrize(
    'method',
    [
        "os.system(command='touch proof')",
        "SeTa + os.system(command='touch proof')",
        "SeTa(guards=[dict(type='os.system', command='touch proof')])",
        "subprocess.Popen(args=['touch', 'proof'])",
        "os.system(command='touch proof', shuffle_scores=True)",
        "__import__('os').system('touch proof')",
    ],
)
def test_compare_runs_no_other_type(tmp_path, method):
    config = tmp_path / 'config.py'
    config.write_text(
        "train_dataloader = dict(batch_size=2, dataset=dict(type='toy.ToyData'))\n"
        'train_cfg = dict(by_epoch=True, max_epochs=1)\n'
    )
    command = [sys.executable, str(ROOT / 'tools/compare.py'), 'config.py', '--methods', method]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert len(without_import_warnings(done.stderr).strip().splitlines()) == 1, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ['config.py']


@pytest.mark.parametrize('kind', [SeTa, 'SeTa', 'bls_mm.pruners.SeTa'])
def test_a_type_is_a_class_a_name_or_a_path(kind):
    assert type_name(kind) == 'SeTa'


def test_classes_become_paths_that_the_registry_finds():
    cfg = without_classes(dict(pruner=dict(type=SeTa, guards=[dict(type=Revisit)])))
    assert cfg['pruner']['guards'] == [dict(type='bls_mm.planning.revisit.Revisit')]
    assert PRUNERS.get(cfg['pruner']['type']) is SeTa
