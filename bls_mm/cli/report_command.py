"""Writes a report of a pruned run, finished or still running, as one HTML page.

The files of a work dir are read as data. Only the config that you name with --config is run as
code, to open the training set and show its samples.
"""

import argparse
from pathlib import Path
from typing import Iterable

from .outputs import output_path, verb_for
from .parser import positive_int

EXAMPLE = 'bls report work_dirs/my_run --full work_dirs/my_full_run --config configs/my_config.py'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    parser.add_argument('work_dir', metavar='RUN', help='work dir of the run')
    parser.add_argument('--full', metavar='RUN', help='the same training without pruning')
    parser.add_argument(
        '--random', metavar='RUN', help='the same training on random samples (DynamicRandom)'
    )
    parser.add_argument(
        '--metric',
        help="end of the metric's key in the log, such as bbox_mAP (default: the usual one of the "
        'task)',
    )
    parser.add_argument(
        '--config', help='config of the run, to show its samples; it is run as code'
    )
    parser.add_argument(
        '--out', type=Path, help='output file (default: report.html in the work dir)'
    )
    parser.add_argument(
        '--samples', type=positive_int, default=24, help='samples of each kind in the gallery'
    )


def run(args: argparse.Namespace) -> None:
    """Runs the command."""
    try:
        import plotly  # noqa: F401
        from tqdm import tqdm

        from bls_mm.analysis.main_metric import main_metric
        from bls_mm.analysis.report import render
        from bls_mm.analysis.same_task import check_same_task
        from bls_mm.analysis.work_dir import read_run
        from bls_mm.config import load_config
        from bls_mm.records.files import write_text
    except ImportError as error:
        raise ModuleNotFoundError(
            f'report needs {error.name}; install it with: pip install plotly jinja2 tqdm'
        ) from error

    def progress(items: Iterable) -> Iterable:
        return tqdm(items, leave=False)

    pruned = read_run(args.work_dir)
    others = {}
    for name in ('full', 'random'):
        folder = getattr(args, name)
        others[name] = read_run(folder) if folder else None
        if folder:
            check_same_task(pruned, others[name], f'--{name}')
    if args.metric and pruned.metrics and main_metric(pruned.metrics, args.metric) is None:
        raise KeyError(
            f'no metric of {args.work_dir} ends with {args.metric!r}: it has {[*pruned.metrics]}'
        )
    config = load_config(args.config) if args.config else None
    out = output_path(pruned.work_dir, args.out, 'report.html')
    full, random = others['full'], others['random']
    page = render(pruned, full, args.samples, progress, config, random, args.metric)
    verb = verb_for(out)
    write_text(out, page)
    print(f'{verb} {out}')
    if config is None:
        print(f'it shows no samples; to show them, add --config {pruned.config_path or "CONFIG"}')
