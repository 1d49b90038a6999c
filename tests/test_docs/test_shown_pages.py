"""Pages of the site that show a file outside docs/."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / 'docs'
show = runpy.run_path(str(ROOT / 'tools/dev/docs_pages.py'))['on_page_markdown']


@pytest.mark.parametrize('name', ['benchmarks.md', 'changelog.md', 'contributing.md'])
def test_links_of_a_shown_page_lead_to_pages(name):
    page = show((DOCS / name).read_text())
    assert 'This page shows' not in page
    for link in re.findall(r'\]\(([^)#]+)', page):
        assert link.startswith('https://') or (DOCS / link).exists(), link


def test_other_pages_stay_unchanged():
    page = (DOCS / 'install.md').read_text()
    assert show(page) == page
