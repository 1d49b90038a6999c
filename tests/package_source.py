"""The source files of bls_mm, parsed."""

import ast
from pathlib import Path
from typing import Iterator

PACKAGE = Path(__file__).parents[1] / 'bls_mm'
TREES = {path: ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob('*.py'))}


def name_of(path: Path) -> str:
    """Returns the dotted name of a file, without ``bls_mm``: ``'pruners.seta'``."""
    return '.'.join(path.relative_to(PACKAGE).with_suffix('').parts)


def imports_of(path: Path) -> Iterator[str]:
    """Yields the dotted names that a file imports, absolute, anywhere in the file."""
    folder = ['bls_mm', *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1] if node.level else []
            module = '.'.join([*base, *filter(None, [node.module])])
            yield from (f'{module}.{alias.name}' for alias in node.names)
