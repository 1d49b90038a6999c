"""Trains a model on all samples, on those that pruning keeps, and on random ones; compares them.

While the full run trains on one core, the pruned run and then the random run train on another. So
the full and the pruned run have the same load beside them, and their times are comparable.
"""

import argparse
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Dict, List, NamedTuple

from rich.console import Console
from rich.table import Table

from bls_mm.analysis.runs import read_result
from bls_mm.records.files import write_json

ROOT = Path(__file__).parent.parent
# One thread per run, because the runs share the machine. Unbuffered, to keep lines in order.
ENVIRONMENT = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONUNBUFFERED': '1'}


class Task(NamedTuple):
    """A demo.

    Attributes:
        work_dir (str): Folder of the runs and the summary.
        data (list[str]): The command that makes the data.
        configs (dict[str, str]): Name of each run to its config. The run ``full`` does not prune.
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
            pruned='configs/demo/crnn-slim_auto_6e_short-words.py',
            random='configs/demo/crnn-slim_dynamic-random_6e_short-words.py',
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


def run_side_by_side(lanes: List[Dict[str, List[str]]]) -> None:
    """Runs lanes of commands at the same time, and the commands of a lane one after the other.

    Args:
        lanes (list[dict[str, list[str]]]): For each lane, the name of each run and its command.
            Each line of its output is printed after its name.

    Raises:
        SystemExit: If a command fails. The others are terminated.
    """
    width = max(len(name) for lane in lanes for name in lane)
    processes: Dict[str, subprocess.Popen] = {}
    has_failed = threading.Event()

    def follow(lane: Dict[str, List[str]]) -> None:
        for name, arguments in lane.items():
            if has_failed.is_set():
                return
            print(f'\n{name:{width}} $ python {" ".join(arguments)}', flush=True)
            processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=ENVIRONMENT,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for line in processes[name].stdout:
                print(f'{name:{width}} | {line}', end='', flush=True)
            if processes[name].wait():
                has_failed.set()
                raise RuntimeError(
                    f'{name} failed with exit status {processes[name].returncode}, see above'
                )

    with ThreadPoolExecutor(len(lanes)) as pool:
        for followed in as_completed([pool.submit(follow, lane) for lane in lanes]):
            if followed.exception() is not None:
                for process in processes.values():
                    process.terminate()
                sys.exit(str(followed.exception()))


def train(task: Task) -> Dict[str, dict]:
    """Trains all configs of a task in two lanes, and returns the result of each run."""
    lanes: List[Dict[str, List[str]]] = [{}, {}]
    for name, config in task.configs.items():
        work_dir = f'{task.work_dir}/{name}'
        shutil.rmtree(ROOT / work_dir, ignore_errors=True)
        command = ['tools/train.py', config, '--work-dir', work_dir]
        lanes[name != 'full'][name] = command
    run_side_by_side(lanes)
    runs = {
        name: read_result(ROOT / task.work_dir / name, task.metric_suffix) for name in task.configs
    }
    num_samples = next(run['samples_unpruned'] for run in runs.values() if 'samples_seen' in run)
    for result in runs.values():
        result.setdefault('samples_seen', num_samples)
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
    for name, result in runs.items():
        saved = f'{1 - result["seconds"] / runs["full"]["seconds"]:.1%}'
        table.add_row(
            name,
            f'{result["samples_seen"]:,}',
            f'{result["pruned"]:.1%}',
            f'{result["seconds"]:.0f} s',
            saved if name not in ('full', 'random') else '',  # random samples run alone at the end
            f'{100 * result[metric]:.1f}',
        )
    console = Console()
    console.print('\n', table)
    console.print(verdict(runs, metric))


def verdict(runs: Dict[str, dict], metric: str) -> str:
    """Says in words what pruning saved and what it cost, beside random samples."""
    full = runs['full']
    sentences = []
    for name, result in runs.items():
        if name not in ('full', 'random'):
            saved = 1 - result['seconds'] / full['seconds']
            points = 100 * (result[metric] - full[metric])
            sentences.append(
                f'{name}: {result["pruned"]:.0%} fewer samples, {saved:.0%} less training time, '
                f'{points:+.1f} points of {metric}.'
            )
    if 'random' in runs:
        points = 100 * (runs['random'][metric] - full[metric])
        sentences.append(f'As many random samples: {points:+.1f} points.')
    return ' '.join([*sentences, 'One seed; docs/results.md has several.'])


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
