"""Shows files outside docs/ as pages of the MkDocs site.

Such a page in docs/ consists of a title and a link, so that it also works on GitHub.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHOWN = re.compile(r'^This page shows \[.+\]\(\.\./(.+)\)\.$', re.MULTILINE)
LINK_INTO_DOCS = re.compile(r'\]\((?:\.\./)?docs/')


def on_page_markdown(markdown: str, **kwargs) -> str:
    """Returns the text of the file that a page shows, and any other page unchanged."""
    shown = SHOWN.search(markdown)
    return LINK_INTO_DOCS.sub('](', (ROOT / shown[1]).read_text()) if shown else markdown
