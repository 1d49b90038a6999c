"""Ranks the samples of a training set by how likely their labels are wrong.

--by loss ranks by the loss of the trained model on each sample alone: one pass over the training
set with batch size 1. --by score ranks by the scores of the run, which needs no pass.

The checkpoint is read as data. Only the config that you name with --config is run as code, to open
the training set and to build the model.
"""

import argparse
from pathlib import Path
from typing import Dict

import numpy as np

from bls_mm.analysis.checkpoints import find_checkpoint
from bls_mm.analysis.text import describe_error

from .outputs import output_path, verb_for
from .parser import positive_int

EXAMPLE = 'bls label-issues work_dirs/my_run --config configs/my_config.py --top 200'
FRACTIONS = 0.01, 0.05, 0.1, 0.2, 0.5


def show_curves(curves: Dict[str, np.ndarray]) -> None:
    """Prints the recall of each ranking at several fractions of inspected samples."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title='Recall')
    table.add_column('ranking')
    for fraction in FRACTIONS:
        table.add_column(f'top {fraction:.0%}', justify='right')
    for name, (inspected, recall) in curves.items():
        at = np.interp(FRACTIONS, inspected, recall)
        table.add_row(f'by {name}', *(f'{value:.1%}' for value in at))
    table.add_row('random', *(f'{fraction:.1%}' for fraction in FRACTIONS))
    Console().print(table)


def plot_curves(curves: Dict[str, np.ndarray], path: Path) -> None:
    """Plots the recall of each ranking against the fraction of inspected samples."""
    import matplotlib

    from bls_mm.records.files import write_atomically

    matplotlib.use('agg')
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5.5, 4), layout='constrained')
    for name, (inspected, recall) in curves.items():
        axes.plot(inspected, recall, label=f'by {name}')
    axes.plot([0, 1], [0, 1], '--', color='grey', label='random')
    axes.axvline(0.1, color='grey', linewidth=0.5)
    axes.set(xlabel='fraction of samples inspected', ylabel='fraction of wrong labels found')
    axes.set(xlim=(0, 1), ylim=(0, 1.01))
    axes.legend()
    write_atomically(path, lambda file: figure.savefig(file, dpi=100, format=path.suffix[1:]))


def columns_of(order: np.ndarray, values: np.ndarray, pictures) -> Dict[str, list]:
    """Returns the columns of the table.

    Args:
        order (np.ndarray): ``(k,)``, the samples, the most suspicious one first.
        values (np.ndarray): ``(N,)``, the values that ranked all samples.
        pictures (Pictures): The training set.
    """
    samples = [pictures.try_describe(index)[0] for index in order.tolist()]
    return dict(
        rank=list(range(1, len(order) + 1)),
        index=order.tolist(),
        value=[float(f'{value:.4g}') for value in values[order]],
        source=[sample.source for sample in samples],
        image=[sample.path for sample in samples],
        label=[sample.text for sample in samples],
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    parser.add_argument(
        'checkpoint',
        metavar='RUN',
        help='work dir of a run with BLSHook, or one of its checkpoints',
    )
    parser.add_argument('--config', required=True, help='config of the run; it is run as code')
    parser.add_argument('--by', choices=('loss', 'score'), default='loss', help='value to rank by')
    parser.add_argument('--top', type=positive_int, default=100, help='number of samples to write')
    parser.add_argument(
        '--out', type=Path, help='.csv file (default: label_issues.csv next to the checkpoint)'
    )
    parser.add_argument(
        '--truth',
        metavar='KEY',
        help='print how well both rankings find the samples with this key in their data_info, such '
        'as swapped, which swap_labels.py sets',
    )
    parser.add_argument(
        '--plot', type=Path, help='with --truth: .png or .svg file to plot the recall in'
    )


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Ends the program if arguments do not fit together."""
    if args.plot and not args.truth:
        parser.error('--plot needs --truth, the key of the samples to find')
    for flag, path, suffixes in (
        ('--out', args.out, ('.csv',)),
        ('--plot', args.plot, ('.png', '.svg')),
    ):
        if path and path.suffix not in suffixes:
            parser.error(f'{flag} must be a {" or ".join(suffixes)} file, but got {str(path)!r}')


def run(args: argparse.Namespace) -> None:
    """Runs the command."""
    try:
        from tqdm import tqdm
    except ImportError as error:
        raise ModuleNotFoundError(
            'label-issues needs tqdm; install it with: pip install tqdm'
        ) from error
    from bls_mm.analysis.export import load_scores
    from bls_mm.analysis.label_issues import losses_of_checkpoint, order_of, recall_curve
    from bls_mm.analysis.pictures import Pictures
    from bls_mm.analysis.sample_info import data_info
    from bls_mm.analysis.tables import write_csv
    from bls_mm.config import load_config

    checkpoint = find_checkpoint(args.checkpoint)
    out = output_path(checkpoint.parent, args.out, 'label_issues.csv')
    scores = load_scores(str(checkpoint))
    config = load_config(args.config)
    try:
        pictures = Pictures(config)
    except Exception as error:  # any error of a user's data set
        raise ValueError(
            f'the training set could not be opened ({describe_error(error)})'
        ) from error
    values = dict(score=scores['table']['score'])
    if len(pictures) != len(values['score']):
        raise ValueError(
            f'the training set has {len(pictures):,} samples, but the checkpoint has '
            f'{len(values["score"]):,} scores; use the training set of the run'
        )
    truth = None
    if args.truth:
        infos = (data_info(pictures.dataset, index) for index in range(len(pictures)))
        truth = np.array([bool(info.get(args.truth)) for info in infos])
        if not truth.any():
            raise ValueError(f'no sample has {args.truth!r} in its data_info')
    if args.by == 'loss' or args.truth:
        values['loss'] = losses_of_checkpoint(str(checkpoint), config, pictures, tqdm)
    order = order_of(values[args.by])[: args.top]
    verb = verb_for(out)
    write_csv(out, columns_of(order, values[args.by], pictures))
    print(f'{verb} {out}: the top {len(order)} of {len(pictures):,} samples, by {args.by}')

    if truth is not None:
        curves = {name: recall_curve(value, truth) for name, value in values.items()}
        show_curves(curves)
        if args.plot:
            plot_curves(curves, args.plot)
