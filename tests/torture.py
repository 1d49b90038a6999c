"""Kills training runs at random moments, resumes them, and compares them with uninterrupted runs.

    python tests/torture.py --kills 50

Every iteration of every process must equal that of the uninterrupted run bit for bit: its samples,
learning rate and loss. The same holds for weights, scores and plan at the end.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List

import torch
from rich.console import Console
from rich.table import Table
from torture_run import PLACES, SCENARIOS

SCRIPT = Path(__file__).parent / 'torture_run.py'


def start(scenario: str, work_dir: Path, place: str, seed: int) -> bool:
    """Runs one process, or a group of them; returns whether the run reached its end."""
    processes = SCENARIOS[scenario].get('processes', 1)
    launcher = ['-m', 'torch.distributed.run', '--standalone', f'--nproc-per-node={processes}']
    command = [sys.executable, *(launcher if processes > 1 else []), str(SCRIPT)]
    work_dir.mkdir(parents=True, exist_ok=True)
    last = work_dir / 'last_checkpoint'
    if last.exists() and not last.read_text():
        last.unlink()  # killed while MMEngine wrote it; MMEngine would look for ''
    with (work_dir / 'output.txt').open('a') as output:
        done = subprocess.run(
            [*command, scenario, str(work_dir), place, str(seed)],
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=300,
        )
    return done.returncode == 0


def read_trace(path: Path) -> List[dict]:
    """Returns the iterations whose lines are complete."""
    return [json.loads(line) for line in path.read_text().splitlines() if line.endswith('}')]


def differences(killed: Path, whole: Path) -> List[str]:
    """Names everything in which a killed and resumed run differs from the uninterrupted one."""
    found = []
    for trace in sorted(whole.glob('trace_*.jsonl')):
        expected = {line['iteration']: line for line in read_trace(trace)}
        for line in read_trace(killed / trace.name):
            if line != expected.get(line['iteration']):
                found.append(f'iteration {line["iteration"]}')
    for result in sorted(whole.glob('result_*.pth')):
        one, other = torch.load(killed / result.name), torch.load(result)
        for name in ('scores', 'visits', 'plan'):
            if not torch.equal(one[name], other[name]):
                found.append(name)
        if not all(map(torch.equal, one['weights'], other['weights'])):
            found.append('weights')
        if one['savings'] != other['savings']:
            found.append('savings')
    return found


def torture(kills: int, seed: int, folder: Path) -> List[dict]:
    """Kills runs until the number of kills is reached; returns a row for each run."""
    rng = random.Random(seed)
    rows, killed = [], 0
    while killed < kills:
        number = len(rows)
        scenario = list(SCENARIOS)[number % len(SCENARIOS)]
        variant = number // len(SCENARIOS) % 9
        whole = folder / f'whole_{scenario}_{variant}'
        if not whole.exists() and not start(scenario, whole, 'nowhere', variant):
            raise RuntimeError(f'the uninterrupted run failed: {whole}/output.txt')
        victim, places = folder / f'victim_{number}', []
        while len(places) < 3:
            place = rng.choice(PLACES)
            if start(scenario, victim, place, variant):
                break  # the run ended first
            places.append(place)
        else:
            if not start(scenario, victim, 'nowhere', variant):
                raise RuntimeError(f'the resumed run failed: {victim}/output.txt')
        killed += len(places)
        rows.append(dict(scenario=scenario, places=places, different=differences(victim, whole)))
        print(f'{killed:3} kills: {rows[-1]}', flush=True)
    return rows


def show(rows: List[dict]) -> None:
    table = Table(title='Killed, resumed, compared bit for bit')
    for header in ('run', 'runs killed', *PLACES, 'equal to uninterrupted'):
        table.add_column(header, justify='left' if header == 'run' else 'right')
    for scenario in SCENARIOS:
        mine = [row for row in rows if row['scenario'] == scenario]
        places = [place for row in mine for place in row['places']]
        same = sum(not row['different'] for row in mine)
        counts = [str(places.count(place)) for place in PLACES]
        table.add_row(scenario, str(len(mine)), *counts, f'{same} of {len(mine)}')
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--kills', type=int, default=50)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = torture(args.kills, args.seed, Path(folder))
    show(rows)
    if any(row['different'] for row in rows):
        sys.exit('a resumed run differs from the uninterrupted run')


if __name__ == '__main__':
    main()
