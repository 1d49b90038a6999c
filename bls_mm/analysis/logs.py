"""Reads the logs that MMEngine writes into a work dir, also while a run writes them."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterator, List

from bls_mm.records.savings import is_number

NOT_METRICS = ('time', 'data_time', 'step', 'epoch', 'iter')


def read_log(folder: Path) -> List[dict]:
    """Reads MMEngine's logs of a work dir in order. A resumed run replaces lines it repeats."""
    lines: List[dict] = []
    latest = 0  # iteration; two runs that started in the same second share a file
    for path in sorted(folder.glob('*/vis_data/scalars.json')):
        for line in read_lines(path):
            if 'loss' in line and not is_number(line.get('step')):
                continue  # damaged
            if is_training(line):
                if line['step'] <= latest:
                    lines = [
                        old for old in lines if not is_training(old) or old['step'] < line['step']
                    ]
                latest = line['step']
            lines.append(line)
    return lines


def read_lines(path: Path) -> Iterator[dict]:
    """Yields the lines of a log of MMEngine that are whole."""
    if not os.path.isfile(path):
        return
    for text in path.read_text('utf-8', 'replace').splitlines():
        with suppress(json.JSONDecodeError, RecursionError):  # being written, or damaged
            line = json.loads(text)
            if isinstance(line, dict):
                yield line


def is_training(line: dict) -> bool:
    """Whether a line of the log is from a training iteration. A metric may be called loss, too."""
    return {'loss', 'lr'} <= line.keys()


def is_validation(line: dict) -> bool:
    """Whether a line of the log is from a validation; BLSHook of version 0.1 wrote lines, too."""
    return not is_training(line) and not any(name.startswith('bls/') for name in line)


def metrics_of(line: dict) -> Dict[str, float]:
    """Returns the metrics of a validation."""
    return {
        name: value
        for name, value in line.items()
        if name not in NOT_METRICS and isinstance(value, (int, float))
    }
