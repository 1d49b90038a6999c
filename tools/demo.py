"""Trains a model with and without pruning, side by side, and prints the savings."""

import argparse
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Dict, List, NamedTuple

from rich.console import Console
from rich.table import Table

from bls_mm.analysis.runs import read_result
from bls_mm.records.json_files import write_json

ROOT = Path(__file__).parent.parent
# One thread per run, because the runs share the machine. Unbuffered, to keep lines in order.
ENVIRONMENT = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONUNBUFFERED': '1'}


class Task(NamedTuple):
    """A demo.

    Attributes:
        work_dir (str): Folder of the runs and the summary.
        data (list[str]): The command that makes the data.
        configs (dict[str, str]): Name of each run to its config. The first run does not prune.
        metric (str): Name of the metric in the table and the summary.
        metric_suffix (str): End of the metric's key in MMEngine's log. If several keys match, their
            mean is used.
    """

    work_dir: str
    data: List[str]
    configs: Dict[str, str]
    metric: str
    metric_suffix: str


TASKS = dict(
    text=Task(
        work_dir='work_dirs/demo',
        data=['tools/data/make_words.py', '--out=data/short_words', '--train=8000', '--longest=6'],
        configs=dict(
            full='configs/demo/crnn-slim_6e_short-words.py',
            bls_infobatch='configs/demo/crnn-slim_bls-infobatch_6e_short-words.py',
        ),
        metric='word_acc',
        metric_suffix='word_acc_ignore_case',
    ),
    detection=Task(
        work_dir='work_dirs/demo_detection',
        data=['tools/data/make_digit_scenes.py'],
        configs=dict(
            full='configs/demo/retinanet_r18_fpn_1xb4-12e_digits.py',
            bls_seta='configs/demo/retinanet_r18_fpn_1xb4-12e_digits_bls-seta.py',
        ),
        metric='mAP',
        metric_suffix='bbox_mAP',
    ),
)


def run(arguments: List[str]) -> None:
    """Runs a tool of this project and prints its command."""
    print(f'\n$ python {" ".join(arguments)}', flush=True)
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=ENVIRONMENT, check=True)


def run_side_by_side(commands: Dict[str, List[str]]) -> None:
    """Runs several commands at the same time, so that other load slows all of them alike.

    Args:
        commands (dict[str, list[str]]): Name of each run to its command. Each line of its output is
            printed after its name.

    Raises:
        SystemExit: If a command fails. The others are terminated.
    """
    width = max(map(len, commands))
    processes = {}
    for name, arguments in commands.items():
        print(f'\n{name:{width}} $ python {" ".join(arguments)}', flush=True)
        processes[name] = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=ENVIRONMENT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def follow(name: str) -> str:
        for line in processes[name].stdout:
            print(f'{name:{width}} | {line}', end='', flush=True)
        processes[name].wait()
        return name

    with ThreadPoolExecutor(len(commands)) as pool:
        for followed in as_completed([pool.submit(follow, name) for name in commands]):
            name = followed.result()
            if processes[name].returncode:
                for process in processes.values():
                    process.terminate()
                sys.exit(f'{name} failed with exit status {processes[name].returncode}, see above')


def train(task: Task) -> Dict[str, dict]:
    """Trains all configs of a task side by side, and returns the result of each run."""
    commands = {}
    for name, config in task.configs.items():
        work_dir = f'{task.work_dir}/{name}'
        shutil.rmtree(ROOT / work_dir, ignore_errors=True)
        commands[name] = ['tools/train.py', config, '--work-dir', work_dir]
    run_side_by_side(commands)
    runs = {name: read_result(ROOT / task.work_dir / name, task.metric_suffix) for name in commands}
    pruned_runs = [result for result in runs.values() if 'samples_seen' in result]
    for result in runs.values():
        result.setdefault('samples_seen', pruned_runs[0]['samples_unpruned'])
        result.setdefault('pruned', 0.0)
    return {
        name: {
            'pruned': result['pruned'],
            task.metric: result['metric'],
            'seconds': result['seconds'],
            'samples_seen': result['samples_seen'],
        }
        for name, result in runs.items()
    }


def show(runs: Dict[str, dict], metric: str) -> None:
    """Prints the table of results."""
    table = Table(title='Savings')
    for header in ('run', 'samples seen', 'pruned', 'training time', 'time saved', metric):
        table.add_column(header, justify='left' if header == 'run' else 'right')
    full = runs['full']
    for name, result in runs.items():
        table.add_row(
            name,
            f'{result["samples_seen"]:,}',
            f'{result["pruned"]:.1%}',
            f'{result["seconds"]:.0f} s',
            f'{1 - result["seconds"] / full["seconds"]:.1%}',
            f'{100 * result[metric]:.1f}',
        )
    Console().print('\n', table)


def main() -> None:
    """Runs the command line tool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('task', choices=TASKS, help='which demo to run')
    task = TASKS[parser.parse_args().task]
    run(task.data)
    runs = train(task)
    summary = ROOT / task.work_dir / 'summary.json'
    write_json(summary, dict(runs=runs))
    show(runs, task.metric)
    print(f'wrote {summary.relative_to(ROOT)}')


if __name__ == '__main__':
    main()
