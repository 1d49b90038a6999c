"""Pages that show a file of ours really show it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [path for path in sorted((ROOT / 'docs').glob('*.md')) if "'examples/" in path.read_text()]


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.stem)
def test_a_snippet_is_written_as_mkdocs_reads_it(page):
    # Ruff formats code blocks marked as Python, and writes the arrow with spaces.
    text = page.read_text()
    shown = re.findall(r"^--8<-- '([^':]+)", text, re.MULTILINE)
    assert len(shown) == text.count("'examples/")
    assert all((ROOT / path).is_file() for path in shown)
