"""Pages that include a file of the project use the syntax that MkDocs reads."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [path for path in sorted((ROOT / 'docs').glob('*.md')) if "'examples/" in path.read_text()]


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.stem)
def test_page_includes_existing_files(page):
    # Ruff formats code blocks marked as Python, and would add spaces to the arrow.
    text = page.read_text()
    included = re.findall(r"^--8<-- '([^':]+)", text, re.MULTILINE)
    assert len(included) == text.count("'examples/")
    assert all((ROOT / path).is_file() for path in included)
