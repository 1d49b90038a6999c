"""Compares pruning methods with random pruning and shorter training, over several seeds.

Trains all methods and seeds one after another. Run the same command again to continue an
interrupted comparison, also with more methods or seeds. The output folder contains table.md,
results.json and plot.png, updated after each run. The comparison always includes these baselines:
all samples (NoPruning); and, at the number of samples that the methods used, random samples
(DynamicRandom, with the compensation of the methods) and fewer epochs (FewerPasses).

Add shuffle_scores=True to a pruner for an ablation: each sample gets the score of another one.
"""

import argparse
import shlex
import signal
import sys
from pathlib import Path
from typing import List

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bls_mm.analysis.checkpoints import check_torch
from bls_mm.analysis.comparison import SAME_BUDGET, baselines_of
from bls_mm.analysis.methods import UNPRUNED, Method, parse_method
from bls_mm.checks import check_bool
from bls_mm.config import load_config
from bls_mm.deprecation import modernise_pruner
from bls_mm.research.shuffled_scores import shuffle_scores

from .grid import Grid, describe_failure
from .parser import add_config

EXAMPLE = (
    'bls compare configs/my_config.py --seeds 0 1 2 '
    "--methods auto 'InfoBatch(prune_ratio=0.3) + BatchLossScorer(alpha=0.9)'"
)


def to_method(text: str) -> Method:
    """Parses a method. ``shuffle_scores=True`` wraps its pruner into ShuffledScores."""
    method = parse_method(text)
    if method.pruner is None:
        return method
    pruner = modernise_pruner(method.pruner)  # with its old name, the option was placebo
    is_shuffled = pruner.pop('shuffle_scores', False)
    check_bool('shuffle_scores', is_shuffled)
    return method._replace(pruner=shuffle_scores(pruner) if is_shuffled else pruner)


def train_grid(grid: Grid, methods: List[Method], seeds: List[int], same: float) -> None:
    """Trains all samples, the methods, and the baselines, seed by seed.

    The runs of the first seed determine the budgets of the baselines, so that further seeds do not
    change them.

    Args:
        grid (Grid): The grid.
        methods (list[Method]): The methods.
        seeds (list[int]): The seeds.
        same (float): Largest difference in savings between methods that share their baselines.
    """
    columns = TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeElapsedColumn()) as progress:
        overall = progress.add_task('all runs', total=None)
        baselines: List[Method] = []
        for seed in seeds:
            for method in (parse_method(UNPRUNED), *methods):
                grid.train(method, seed, progress)
                progress.advance(overall)
            if not baselines:  # also if all methods have failed so far
                baselines = baselines_of(grid.runs, same)
                progress.update(overall, total=len(seeds) * (1 + len(methods) + len(baselines)))
            for method in baselines:
                grid.train(method, seed, progress)
                progress.advance(overall)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    add_config(parser)
    parser.add_argument(
        '--methods',
        nargs='+',
        default=['auto', 'SeTa', 'InfoBatch'],
        help="pruner, or 'pruner + scorer', with options in Python syntax; or a config file "
        '(default: auto SeTa InfoBatch)',
    )
    parser.add_argument(
        '--seeds', nargs='+', type=int, default=[0, 1, 2], help='random seeds (default: 0 1 2)'
    )
    parser.add_argument('--out', type=Path, help='folder (default: work_dirs/compare/<config>)')
    parser.add_argument(
        '--metric',
        help="end of the metric's name in the log, such as bbox_mAP (default: the first metric)",
    )
    parser.add_argument(
        '--same-budget',
        type=float,
        default=SAME_BUDGET,
        help='methods whose savings differ by at most this fraction share their baselines; 1 '
        'gives all methods one budget',
    )
    parser.add_argument(
        '--launch',
        type=shlex.split,
        default=[],
        help="prefix of each training command, such as 'srun --gres=gpu:1' (default: none)",
    )


def run(args: argparse.Namespace) -> None:
    """Runs the command."""
    check_torch('bls compare')
    methods = [to_method(text) for text in args.methods]
    out = args.out or Path('work_dirs/compare') / Path(args.config).stem
    grid = Grid(load_config(args.config), out, args.metric, args.cfg_options, args.launch)
    for method in methods:
        grid.check(method)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the training ends, too
    train_grid(grid, methods, args.seeds, args.same_budget)
    if grid.runs:
        print((out / 'table.md').read_text(), f'wrote {out}')
    if grid.failed:
        raise SystemExit('\n'.join(map(describe_failure, grid.failed)))
