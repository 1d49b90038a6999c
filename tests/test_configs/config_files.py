"""Which configs there are, and what they inherit from."""

import ast
from pathlib import Path
from typing import Iterator, List

ROOT = Path(__file__).parents[2] / 'configs'


def find_configs() -> List[Path]:
    """Every config that trains: all files but the common parts."""
    return [path for path in sorted(ROOT.rglob('*.py')) if '_base_' not in path.parts]


def name_of(path: Path) -> str:
    """The path below ``configs/``, without suffix."""
    return str(path.relative_to(ROOT).with_suffix(''))


def upstream_of(path: Path) -> Iterator[str]:
    """Names of the configs of other packages, such as ``'mmdet::...'``, under a config."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', None) == '_base_':
            bases = ast.literal_eval(node.value)
            for base in [bases] if isinstance(bases, str) else bases:
                if '::' in base:
                    yield base
                else:
                    yield from upstream_of(path.parent / base)
