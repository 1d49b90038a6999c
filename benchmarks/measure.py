"""Common parts of the benchmarks: new processes, memory, tables of median and range."""

import argparse
import ctypes
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, List, Optional

MEMORY = {'now': 'VmRSS', 'peak': 'VmHWM'}


def memory(kind: str) -> int:
    """Returns the resident bytes of this process: ``'now'``, or ``'peak'`` since the last reset."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(MEMORY[kind]):
            return int(line.split()[1]) * 1024
    raise OSError('this system has no resident memory in /proc/self/status; use Linux')


def reset_peak_memory() -> None:
    """Sets the peak to the present memory."""
    Path('/proc/self/clear_refs').write_text('5')


def trim_memory() -> None:
    """Gives freed memory back to the system, so that only memory in use counts."""
    ctypes.CDLL('libc.so.6').malloc_trim(0)


def run_child(script: str, *arguments, environment: Optional[dict] = None) -> dict:
    """Runs a benchmark script in a new process; returns the JSON of its last line."""
    command = [sys.executable, script, '--child', *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def interleave(variants: Dict[str, Callable[[], dict]], repeats: int) -> Dict[str, List[dict]]:
    """Runs variants in turn, A B A B, so that other work on the machine affects all alike."""
    results: Dict[str, List[dict]] = {name: [] for name in variants}
    for _ in range(repeats):
        for name, run in variants.items():
            results[name].append(run())
    return results


def spread(values: List[float], digits: int = 2) -> str:
    """Returns ``median (minimum-maximum)``."""
    middle, least, most = statistics.median(values), min(values), max(values)
    return f'{middle:.{digits}f} ({least:.{digits}f}-{most:.{digits}f})'


def print_table(head: List[str], rows: List[list]) -> None:
    """Prints a table in Markdown."""
    for row in [head, ['---'] * len(head), *rows]:
        print('| ' + ' | '.join(map(str, row)) + ' |', flush=True)


def parser(description: str, repeats: int) -> argparse.ArgumentParser:
    """Returns a parser with the options of all benchmarks."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument('--repeats', type=int, default=repeats, help='runs of each variant')
    options.add_argument('--child', nargs='+', help=argparse.SUPPRESS)
    return options
