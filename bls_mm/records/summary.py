"""The summary of a run: ``bls_summary.json`` in its work dir."""

import math
from pathlib import Path
from typing import Dict

from .json_files import read_json, write_json
from .savings import Savings

FILE_NAME = 'bls_summary.json'
REQUIRED = (
    'pruned',
    'epochs',
    'samples_seen',
    'samples_unpruned',
    'iterations',
    'iterations_unpruned',
    'training_seconds',
)


def write_summary(work_dir: Path, savings: Savings) -> None:
    """Writes the summary atomically.

    Raises:
        OSError: If it cannot be written.
    """
    write_json(Path(work_dir) / FILE_NAME, savings.as_dict())


def read_summary(work_dir: Path) -> Dict[str, float]:
    """Reads the summary.

    Returns:
        dict: Its numbers. Empty if the file is missing, damaged, or incomplete.
    """
    content = read_json(Path(work_dir) / FILE_NAME)
    numbers = {name: value for name, value in content.items() if is_number(value)}
    return numbers if numbers.keys() >= set(REQUIRED) else {}


def is_number(value: object) -> bool:
    """Whether a value of a JSON file is a finite number."""
    return type(value) in (int, float) and math.isfinite(value)
