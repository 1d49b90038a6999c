"""Code that a page takes from an example is the code of the example."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SNIPPET = re.compile(r'<!-- from (\S+) -->\n```python\n(.*?)```', re.DOTALL)
SNIPPETS = [
    (path.name, example, code)
    for path in sorted((ROOT / 'docs').glob('*.md'))
    for example, code in SNIPPET.findall(path.read_text())
]


def without_whitespace(text):
    return ' '.join(text.split())


@pytest.mark.parametrize(
    ('page', 'example', 'code'), SNIPPETS, ids=lambda value: value if '\n' not in value else ''
)
def test_snippet_is_the_code_of_the_example(page, example, code):
    assert without_whitespace(code) in without_whitespace((ROOT / example).read_text())


def test_each_example_is_shown():
    shown = {example for _, example, _ in SNIPPETS}
    helpers = {'examples/digits.py', 'examples/three_runs.py'}  # what the others share
    examples = {f'examples/{path.name}' for path in (ROOT / 'examples').glob('*.py')}
    assert shown == examples - helpers


@pytest.mark.parametrize('page', sorted((ROOT / 'docs').glob('*.md')), ids=lambda page: page.stem)
def test_page_reads_well_on_github(page):
    assert '--8<--' not in page.read_text()
