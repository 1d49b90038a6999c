"""The page on loops, loaders, hooks and models names tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'real_use.md').read_text()
ROWS = [line for line in PAGE.splitlines() if re.match(r'\| (?!kind|library|-)', line)]


@pytest.mark.parametrize('row', ROWS)
def test_each_row_names_a_test(row):
    *_, names, _ = row.split('|')
    files = re.findall(r'`([^`]+)`', names)
    assert files
    for file in files:
        assert (ROOT / 'tests' / file).is_file(), file


def test_starred_rows_use_the_class_of_the_library():
    for row in ROWS:
        if r'\*' in row:
            *_, names, _ = row.split('|')
            sources = [
                (ROOT / 'tests' / file).read_text() for file in re.findall('`([^`]+)`', names)
            ]
            assert any('import_library(' in s or 'importorskip(' in s for s in sources), row
