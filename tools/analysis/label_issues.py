"""Ranks the samples of a training set by how likely their labels are wrong.

    python tools/analysis/label_issues.py work_dirs/my_run/epoch_12.pth --top 200 \
        --config configs/my_config.py

``--by loss`` ranks by the loss of the trained model on each sample alone: one pass over the
training set with batch size 1. ``--by score`` ranks by the scores of the run, which needs no pass.

The tool reads the checkpoint as data. It runs only the config that you name with ``--config``, to
open the training set and to build the model.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

FRACTIONS = 0.01, 0.05, 0.1, 0.2, 0.5


def show_curves(curves: dict[str, np.ndarray]) -> None:
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


def plot_curves(curves: dict[str, np.ndarray], path: Path) -> None:
    """Plots the recall of each ranking against the fraction of inspected samples."""
    import matplotlib

    from bls_mm.records.atomic import write_atomically

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


def columns_of(order: np.ndarray, values: np.ndarray, pictures) -> dict[str, list]:
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


def parse_args() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('checkpoint', help='checkpoint of a run with BLSHook')
    parser.add_argument('--config', required=True, help='config of the run; it is run as code')
    parser.add_argument(
        '--by',
        choices=('loss', 'score'),
        default='loss',
        help='value to rank by (default: %(default)s)',
    )
    parser.add_argument(
        '--top', type=int, default=100, help='number of samples to write (default: %(default)s)'
    )
    parser.add_argument(
        '--out', type=Path, default='label_issues.csv', help='output file (default: %(default)s)'
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
    args = parser.parse_args()
    if args.plot and not args.truth:
        parser.error('--plot needs --truth, the key of the samples to find')
    return args


def main() -> None:
    """Runs the command line tool."""
    args = parse_args()
    try:
        from tqdm import tqdm
    except ImportError:
        sys.exit('label_issues needs tqdm; install it with: pip install tqdm')
    from bls_mm.analysis.export import load_scores
    from bls_mm.analysis.label_issues import losses_of_checkpoint, order_of, recall_curve
    from bls_mm.analysis.pictures import Pictures
    from bls_mm.analysis.sample_info import data_info
    from bls_mm.analysis.tables import write_csv
    from bls_mm.config import load_config

    try:
        scores = load_scores(args.checkpoint)
        config = load_config(args.config)
    except (ModuleNotFoundError, OSError, ValueError) as error:
        sys.exit(str(error))
    try:
        pictures = Pictures(config)
    except Exception as error:  # any error of a user's data set
        sys.exit(f'the training set could not be opened ({type(error).__name__}: {error})')
    values = dict(score=scores['table']['score'])
    if len(pictures) != len(values['score']):
        sys.exit(
            f'the training set has {len(pictures):,} samples, but the checkpoint has '
            f'{len(values["score"]):,} scores; use the training set of the run'
        )
    try:
        if args.by == 'loss' or args.truth:
            values['loss'] = losses_of_checkpoint(args.checkpoint, config, pictures, tqdm)
        order = order_of(values[args.by])[: args.top]
        write_csv(args.out, columns_of(order, values[args.by], pictures))
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    print(f'wrote {args.out}: the top {len(order)} of {len(pictures):,} samples, by {args.by}')

    if args.truth:
        infos = (data_info(pictures.dataset, index) for index in range(len(pictures)))
        truth = np.array([bool(info.get(args.truth)) for info in infos])
        if not truth.any():
            sys.exit(f'no sample has {args.truth!r} in its data_info')
        curves = {name: recall_curve(value, truth) for name, value in values.items()}
        show_curves(curves)
        if args.plot:
            plot_curves(curves, args.plot)


if __name__ == '__main__':
    main()
