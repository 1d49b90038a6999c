"""Reads and writes JSON files of a run."""

import json
from pathlib import Path
from typing import Any

from .atomic import write_text


def write_json(path: Path, content: Any) -> None:
    """Writes a JSON file atomically."""
    write_text(path, json.dumps(content, indent=2) + '\n')


def read_json(path: Path) -> dict:
    """Reads a JSON file that contains an object.

    Returns:
        dict: The object. Empty if the file is missing, damaged, or contains something else.
    """
    try:
        content = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
