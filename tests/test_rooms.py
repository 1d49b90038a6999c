"""The package is divided into rooms: which of them may import which others.

``docs/architecture.md`` shows the same table.
"""

import ast
import sys
from pathlib import Path
from typing import Dict, List, Set

import pytest
from package_source import PACKAGE, TREES, imports_of, name_of

BOTTOM = {'checks', 'registry', 'losses', 'deprecation'}
SAMPLING = {*BOTTOM, 'ops', 'scorers', 'pruners', 'planning', 'distributed'}
# What each room may import: folders and modules of bls_mm.
ROOMS = {
    **{module: set() for module in BOTTOM},
    'ops': set(),
    'records': set(),
    'scorers': {*BOTTOM, 'ops'},
    'pruners': {*BOTTOM, 'ops'},
    'planning': {*BOTTOM, 'ops', 'pruners'},
    'distributed': {'ops', 'scorers'},
    'samplers': SAMPLING,
    'data': {*SAMPLING, 'samplers'},
    'hooks': {*SAMPLING, 'samplers', 'data', 'records', 'compat'},
    'analysis': {*SAMPLING, 'samplers', 'records', 'compat', 'config'},
    'research': {*SAMPLING, 'samplers', 'data', 'records', 'hooks', 'analysis'},
    'cli': {
        *SAMPLING,
        'samplers',
        'records',
        'compat',
        'config',
        'analysis',
        'research',
        '__init__',
    },
    # A model and its data: configs import it, no room does.
    'captioning': set(),
    # What users import, and the gaps of the ecosystem.
    'unpickling': set(),
    'compat': {'unpickling'},
    'config': {*SAMPLING, 'samplers', 'compat'},
    '__init__': {'compat', 'config', 'data', 'hooks', 'planning', 'pruners', 'registry'}
    | {'samplers', 'scorers'},
}
# Other packages that a room may import, besides the standard library; others may import any.
LIBRARIES = {
    'checks': set(),
    'deprecation': set(),
    'registry': {'mmengine'},
    'losses': {'numpy', 'torch'},
    'ops': {'numpy'},
    'records': {'numpy'},
    'scorers': {'numpy', 'torch'},
    'pruners': {'numpy'},
    'planning': {'numpy', 'mmengine'},  # its logger
    'distributed': {'numpy', 'torch', 'mmengine'},
}
# Modules that have the same name in two folders: checks of options, and of a run.
SAME_NAMES = {'checks'}


def room_of(name: str) -> str:
    return name.partition('.')[0]


def own_imports_of(path: Path) -> Set[str]:
    """Returns the files of bls_mm that a file imports, by their dotted names."""
    names = {name_of(other) for other in TREES}
    found = set()
    for imported in imports_of(path):
        package, *parts = imported.split('.')
        if package != 'bls_mm':
            continue
        for length in range(len(parts), -1, -1):  # the longest part that is a module or a folder
            name = '.'.join(parts[:length])
            folder = f'{name}.__init__' if name else '__init__'
            if name in names or folder in names:
                found.add(name if name in names else folder)
                break
    return found


def find_cycle(graph: Dict[str, Set[str]]) -> List[str]:
    """Returns the names of a cycle, empty if there is none."""
    done, path = set(), []

    def visit(name: str) -> List[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        path.append(name)
        for other in sorted(graph.get(name, ())):
            cycle = visit(other)
            if cycle:
                return cycle
        done.add(path.pop())
        return []

    return next((cycle for cycle in map(visit, sorted(graph)) if cycle), [])


@pytest.mark.parametrize('path', TREES, ids=name_of)
def test_a_room_imports_what_it_may(path):
    room = room_of(name_of(path))
    others = {room_of(name) for name in own_imports_of(path)} - {room}
    assert others <= ROOMS[room]


@pytest.mark.parametrize('path', TREES, ids=name_of)
def test_a_room_imports_few_libraries(path):
    room = room_of(name_of(path))
    if room in LIBRARIES:
        libraries = {imported.partition('.')[0] for imported in imports_of(path)}
        assert libraries - sys.stdlib_module_names - {'bls_mm'} <= LIBRARIES[room]


def test_the_table_names_every_room_and_has_no_cycle():
    assert ROOMS.keys() == {room_of(name_of(path)) for path in TREES}
    assert find_cycle(ROOMS) == []


def test_modules_import_without_cycles():
    assert find_cycle({name_of(path): own_imports_of(path) for path in TREES}) == []


def test_find_cycle_finds_one():
    assert find_cycle({'a': {'b'}, 'b': {'c'}, 'c': {'b'}}) == ['b', 'c', 'b']


def test_the_document_shows_the_table():
    text = (PACKAGE.parent / 'docs' / 'architecture.md').read_text()
    rooms = {room for room in ROOMS if (PACKAGE / room).is_dir()}
    assert all(f'`{room}/`' in text for room in rooms)
    assert all(f'`{module}.py`' in text for module in BOTTOM)


def test_only_commands_import_research_and_nothing_imports_commands():
    assert {name for name in ROOMS if 'research' in ROOMS[name]} == {'cli'}
    assert {name for name in ROOMS if 'cli' in ROOMS[name]} == set()


def test_no_room_imports_captioning():
    assert {name for name in ROOMS if 'captioning' in ROOMS[name]} == set()


def test_no_two_modules_have_one_name():
    names = [path.stem for path in TREES if path.stem != '__init__']
    assert {name for name in names if names.count(name) > 1} <= SAME_NAMES


def test_no_two_classes_have_one_name():
    nodes = [node for tree in TREES.values() for node in ast.walk(tree)]
    names = [node.name for node in nodes if isinstance(node, ast.ClassDef)]
    assert {name for name in names if names.count(name) > 1} == set()
