"""Plots what the batch losses of a recorded run reveal about its samples: spectra and correlations.

To record a run, train it with custom_hooks=[dict(type='bls_mm.research.LossRecorder')] and the
pruner NoPruning.
"""

import argparse
from pathlib import Path
from typing import Dict, List

import numpy as np
import torch

from bls_mm.analysis.answer import COMPARED
from bls_mm.analysis.rank_correlation import rank_correlation
from bls_mm.analysis.simulation import simulate
from bls_mm.records.files import write_atomically
from bls_mm.registry import SCORERS, build
from bls_mm.research import LossRecord, signal
from bls_mm.research.replay import recorded_losses, replay
from bls_mm.scorers import Scorer

try:
    import matplotlib

    matplotlib.use('agg')
    from matplotlib import pyplot as plt
except ImportError as error:
    raise SystemExit('plots need matplotlib; install it with: pip install matplotlib') from error

ALPHAS = (0.5, 0.7, 0.9)
SHOWN: Dict[str, dict] = {
    **{f'average, alpha {alpha}': dict(type='BatchLossScorer', alpha=alpha) for alpha in ALPHAS},
    'residual': dict(type='ResidualScorer'),
}
BATCH_SIZES = (2, 4, 8, 16, 32, 64, 128)
COMPARED_SIZES = (2, 8, 32, 128)
SEEDS = (0, 1)


def plot_filter(path: Path) -> None:
    """Plots the impulse response and the frequency response of the moving average."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout='constrained')
    frequencies = np.linspace(0, 0.5, 200)
    for alpha in ALPHAS:
        label = f'alpha {alpha}: noise gain {signal.noise_gain(alpha):.2f}'
        left.plot(signal.impulse_response(alpha, 20), 'o-', markersize=3, label=label)
        right.plot(frequencies, signal.frequency_response(alpha, frequencies))
    left.set(xlabel='visits after the batch', ylabel='weight of a batch loss')
    right.set(xlabel='cycles per visit', ylabel='gain', ylim=(0, 1.02))
    left.legend()
    save(figure, path)


def correlations(record: LossRecord, scorer: dict) -> List[float]:
    """Returns the rank correlation of scores and true losses after each epoch of a run.

    Args:
        record (LossRecord): The run, which is replayed batch by batch.
        scorer (dict): Config of the scorer.
    """
    scorer = build(SCORERS, 'scorer', scorer, Scorer, num_samples=record.true_losses.shape[1])
    ends = np.cumsum(record.sizes)
    per_sample = len(record.losses) != len(record.sizes)
    found = []
    for epoch, truth in enumerate(record.true_losses):
        for batch in np.flatnonzero(record.epochs == epoch):
            samples = slice(ends[batch] - record.sizes[batch], ends[batch])
            loss = record.losses[samples].mean() if per_sample else record.losses[batch]
            scorer.update(record.indices[samples], torch.tensor(float(loss)))
        found.append(rank_correlation(scorer.scores.numpy(), truth))
    return found


def plot_run(record: LossRecord, path: Path) -> None:
    """Plots the spectra of a run's batch losses and the correlations of scores; prints both."""
    figure, axes = plt.subplots(1, 4, figsize=(16, 3.6), layout='constrained')
    parts = signal.decompose(record)
    views = {
        'absolute': parts,
        'without the common trend': parts.without_common_trend(),
        'relative, without trend': parts.relative().without_common_trend(),
    }
    for axis, (title, view) in zip(axes, views.items()):
        for name, series in view._asdict().items():
            frequencies, power = signal.power_spectrum(series)
            axis.semilogy(frequencies, power, 'o-', label=name)
            print(
                f'{title}, {name}: fraction {signal.low_fraction(frequencies, power):.2f} of the '
                f'power below 0.25 cycles per visit; power {power.sum():.3g}; constant over visits '
                f'{signal.constant_power(series):.3g}'
            )
        axis.set(title=f'Batch losses, {title}', xlabel='cycles per visit', ylabel='power density')
        axis.legend()
    for name, scorer in SHOWN.items():
        found = correlations(record, scorer)
        axes[3].plot(range(1, len(found) + 1), found, 'o-', markersize=3, label=name)
        print(f'{name}: rank correlation after each epoch', *(f'{value:.2f}' for value in found))
    axes[3].set(
        title=f'Batch size {np.median(record.sizes):.0f}',
        xlabel='epoch',
        ylabel='rank correlation with the true loss',
    )
    axes[3].legend()
    save(figure, path)


def plot_batch_sizes(record: LossRecord, path: Path) -> None:
    """Plots the correlations after the last epoch if the run had used other batch sizes."""
    losses = recorded_losses(record)
    figure, axis = plt.subplots(figsize=(5.5, 3.6), layout='constrained')
    for name, scorer in SHOWN.items():
        found = []
        for batch_size in BATCH_SIZES:
            *_, (scores, _) = replay(losses, batch_size, scorer, dict(type='NoPruning'), seed=0)
            found.append(rank_correlation(scores, losses.truth[-1]))
        axis.semilogx(BATCH_SIZES, found, 'o-', base=2, label=name)
        print(f'{name}: rank correlation by batch size', *zip(BATCH_SIZES, np.round(found, 2)))
    axis.set(xlabel='batch size', ylabel='rank correlation with the true loss')
    axis.legend()
    save(figure, path)


def compare_with_simulation(record: LossRecord) -> None:
    """Prints the rank correlations on recorded losses and those of the simulation of estimates."""
    losses = recorded_losses(record)
    epochs, num_samples = losses.seen.shape
    for pruner in ('NoPruning', 'InfoBatch', 'SeTa'):
        for name, scorer in COMPARED.items():
            pairs = []
            for size in COMPARED_SIZES:
                recorded, simulated = [], []
                for seed in SEEDS:
                    *_, (scores, _) = replay(losses, size, scorer, dict(type=pruner), seed)
                    recorded.append(rank_correlation(scores, losses.truth[-1]))
                    plan = simulate(dict(type=pruner), scorer, num_samples, size, epochs, seed)
                    simulated.append(plan[-1].correlation)
                pairs.append(f'batch {size}: {np.mean(recorded):.2f} / {np.mean(simulated):.2f}')
            print(f'{pruner}, {name}, recorded / simulated:', '; '.join(pairs))


def save(figure, path: Path) -> None:
    """Saves and closes a figure."""
    write_atomically(path, lambda file: figure.savefig(file, dpi=75, format=path.suffix[1:]))
    plt.close(figure)
    print(f'wrote {path}')


def main() -> None:
    """Runs the command line tool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'work_dir', nargs='?', help='work dir of a recorded run; without it, plot only the filter'
    )
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('work_dirs/signal'),
        help='folder of the plots (default: %(default)s)',
    )
    parser.add_argument(
        '--name', default='run', help='prefix of the file names (default: %(default)s)'
    )
    parser.add_argument(
        '--compare',
        action='store_true',
        help='only print rank correlations beside those of the simulation that estimates use',
    )
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.work_dir is None:
        plot_filter(args.out / 'filter.png')
        return
    try:
        record = LossRecord.load(args.work_dir)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error
    if args.compare:
        compare_with_simulation(record)
        return
    plot_run(record, args.out / f'{args.name}_run.png')
    if len(record.losses) == len(record.indices):
        plot_batch_sizes(record, args.out / f'{args.name}_batch_sizes.png')


if __name__ == '__main__':
    main()
