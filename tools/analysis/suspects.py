"""Ranks the samples of a training set by how likely their labels are wrong.

    python tools/analysis/suspects.py work_dirs/my_run/epoch_12.pth --top 200 --out suspects.csv

By ``loss``, the loss of each sample alone by the trained model (a pass over the training set with
a batch size of 1), or by ``score``, what the run has learned from its batches and costs nothing.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

SHARES = 0.01, 0.05, 0.1, 0.2, 0.5


def show_curves(curves: dict[str, np.ndarray]) -> None:
    """Prints how much of what is looked for the top of each ranking holds."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title='Share found')
    table.add_column('ranking')
    for share in SHARES:
        table.add_column(f'in the top {share:.0%}', justify='right')
    for name, (looked_at, found) in curves.items():
        at = np.interp(SHARES, looked_at, found)
        table.add_row(name, *(f'{value:.1%}' for value in at))
    table.add_row('random', *(f'{share:.1%}' for share in SHARES))
    Console().print(table)


def plot_curves(curves: dict[str, np.ndarray], path: str) -> None:
    """Draws the same."""
    import matplotlib

    matplotlib.use('agg')
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5.5, 4), layout='constrained')
    for name, (looked_at, found) in curves.items():
        axes.plot(looked_at, found, label=f'by {name}')
    axes.plot([0, 1], [0, 1], '--', color='grey', label='random')
    axes.axvline(0.1, color='grey', linewidth=0.5)
    axes.set(xlabel='share of the samples looked at', ylabel='share of the wrong labels found')
    axes.set(xlim=(0, 1), ylim=(0, 1.01))
    axes.legend()
    figure.savefig(path, dpi=100)


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('checkpoint', help='checkpoint of a run with BLSHook')
    parser.add_argument('--by', choices=('loss', 'score'), default='loss', help='what to rank by')
    parser.add_argument('--top', type=int, default=100, help='how many suspects to write')
    parser.add_argument('--out', type=Path, default='suspects.csv', help='a .csv file')
    parser.add_argument(
        '--truth',
        metavar='KEY',
        help='show how well both rankings find the samples that have this key in their data_info, '
        'such as those that swap_labels.py marks as swapped',
    )
    parser.add_argument('--plot', help='with --truth: a .png or .svg file to draw the curves in')
    args = parser.parse_args()
    if args.plot and not args.truth:
        parser.error('--plot needs --truth: without it nobody knows what is found')
    return args


def main() -> None:
    """Runs the command line tool."""
    args = parse_args()
    try:
        from tqdm import tqdm
    except ImportError:
        sys.exit('suspects needs tqdm; install it with: pip install tqdm')
    from bls_mm.analysis.export import load_scores
    from bls_mm.analysis.pictures import Pictures, data_info
    from bls_mm.analysis.suspects import found_curve, losses_of_checkpoint, order_of

    try:
        scores = load_scores(args.checkpoint)
        pictures = Pictures(scores['config'])
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    if len(pictures) != len(scores['table']['score']):
        sys.exit(
            f'the training set has {len(pictures):,} samples, but the checkpoint '
            f'{len(scores["table"]["score"]):,} scores; use the data that the run had'
        )
    values = dict(score=scores['table']['score'])
    if args.by == 'loss' or args.truth:
        config = scores['config']
        values['loss'] = losses_of_checkpoint(args.checkpoint, config, pictures, tqdm)

    chosen = values[args.by]
    lines = ['rank,index,value,source,image,label']
    for rank, index in enumerate(order_of(chosen)[: args.top].tolist(), 1):
        sample = pictures.describe(index)
        label = sample.text.replace('"', '""')
        lines.append(f'{rank},{index},{chosen[index]:.4g},{sample.source},{sample.path},"{label}"')
    args.out.write_text('\n'.join(lines) + '\n')
    print(f'{args.out}: the first {len(lines) - 1} of {len(chosen):,} samples, by {args.by}')

    if args.truth:
        infos = (data_info(pictures.dataset, index) for index in range(len(pictures)))
        truth = np.array([bool(info.get(args.truth)) for info in infos])
        if not truth.any():
            sys.exit(f'no sample has {args.truth!r} in its data_info')
        curves = {name: found_curve(value, truth) for name, value in values.items()}
        show_curves(curves)
        if args.plot:
            plot_curves(curves, args.plot)


if __name__ == '__main__':
    main()
