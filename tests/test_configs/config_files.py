"""The configs of the project, and the configs that they inherit from."""

import ast
from pathlib import Path
from typing import Iterator, List

ROOT = Path(__file__).parents[2] / 'configs'


def find_configs() -> List[Path]:
    """Returns every config that trains: all files except the common parts."""
    return [path for path in sorted(ROOT.rglob('*.py')) if '_base_' not in path.parts]


def name_of(path: Path) -> str:
    """Returns the path below ``configs/``, without suffix."""
    return str(path.relative_to(ROOT).with_suffix(''))


def upstream_of(path: Path) -> Iterator[str]:
    """Yields the names of other packages' configs, such as ``'mmdet::...'``, that one inherits."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', None) == '_base_':
            bases = ast.literal_eval(node.value)
            for base in [bases] if isinstance(bases, str) else bases:
                if '::' in base:
                    yield base
                else:
                    yield from upstream_of(path.parent / base)
