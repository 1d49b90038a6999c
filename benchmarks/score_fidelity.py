"""How well each scorer tells samples apart by their true loss, beside the least-squares limit.

Losses are simulated, or those of a recorded run with losses of single samples, of which batches of
any size are made: `python tools/train.py configs/demo/crnn-slim_recorded_16e_words.py --work-dir
WORK_DIR` makes one.
"""

import argparse
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple

import numpy as np
import torch
from measure import print_table

from bls_mm import BLSSampler
from bls_mm.analysis import LossRecord
from bls_mm.analysis.fidelity import least_squares_scores, overlap, rank_correlation

SCORERS = {
    'average 0.7 (paper)': dict(type='BatchLossScorer', alpha=0.7),
    'average 0.9': dict(type='BatchLossScorer', alpha=0.9),
    'residual': dict(type='ResidualScorer'),
}
SAMPLE_SCORERS = {
    'last sample loss': dict(type='SampleLossScorer'),
    'residual of sample losses': dict(type='ResidualScorer', per_sample=True),
}
PRUNERS = {
    'none': dict(type='NoPruning'),
    'InfoBatch': dict(type='InfoBatch'),
    'SeTa': dict(type='SeTa'),
}
LEVEL_WIDTH = 501  # samples
FORGETTING = (1.0, 0.9, 0.8, 0.6, 0.4)  # how much the limit counts the epoch before


class Losses(NamedTuple):
    """Losses of N samples in E epochs.

    Attributes:
        seen (np.ndarray): ``(E, N)``, the loss of a sample when it is trained on in an epoch, over
            the mean loss of that time.
        truth (np.ndarray): ``(N,)``, its true loss after the last one; nan where it is not known.
        level (Callable): Takes times in epochs, and gives the mean losses of these times.
    """

    seen: np.ndarray
    truth: np.ndarray
    level: Callable[[np.ndarray], np.ndarray]


def simulate(seed: int, num_samples: int = 4096, epochs: int = 30) -> Losses:
    """Gamma-distributed losses with multiplicative noise, which decay to a 20th over the run."""
    rng = np.random.default_rng(seed)
    truth = rng.gamma(1.0, 1.0, num_samples)
    noise = 1 + 0.5 * rng.standard_normal((epochs, num_samples))
    return Losses(
        truth * np.maximum(noise, 0),
        truth,
        lambda times: np.exp(-3 * times / epochs),
    )


def recorded(work_dir: str) -> Losses:
    """The losses of a run without pruning."""
    record = LossRecord.load(work_dir)
    if len(record.losses) != len(record.indices):
        raise SystemExit(
            f'{work_dir} has losses of batches only; record a model whose losses come unreduced'
        )
    epochs, num_samples = record.true_losses.shape
    if len(record.losses) != epochs * num_samples:
        raise SystemExit(f'{work_dir} does not see every sample in every epoch; use NoPruning')
    times = np.arange(len(record.losses)) / num_samples
    levels = running_mean(record.losses, LEVEL_WIDTH)
    seen = np.empty((epochs, num_samples))
    seen[np.repeat(record.epochs, record.sizes), record.indices] = record.losses / levels
    return Losses(seen, record.true_losses[-1], lambda at: np.interp(at, times, levels))


def running_mean(values: np.ndarray, width: int) -> np.ndarray:
    """Mean of the odd number of values around each, mirrored at both ends."""
    padded = np.pad(values.astype(np.float64), width // 2, mode='symmetric')
    return np.convolve(padded, np.ones(width) / width, mode='valid')


def train(losses: Losses, batch_size: int, scorer: dict, pruner: dict, seed: int):
    """Plays a run through a sampler; returns its scores and its history of batches."""
    epochs, num_samples = losses.seen.shape
    sampler = BLSSampler(range(num_samples), scorer=scorer, pruner=pruner, seed=seed)
    sampler.max_epochs = epochs
    per_sample = sampler.scorer.needs_sample_losses
    history = []
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        order = np.fromiter(sampler, dtype=np.int64)
        batches = np.split(order, range(batch_size, len(order), batch_size))
        levels = losses.level(epoch + np.arange(len(batches)) / len(batches))
        for batch, level in zip(batches, levels):
            relative = losses.seen[epoch, batch]
            loss = torch.from_numpy(level * relative).float()
            sampler.update(batch, loss if per_sample else loss.mean())
            history.append((epoch, batch, relative.mean()))
    return sampler.scorer.scores.numpy(), history


def limit(losses: Losses, history: List[tuple]) -> np.ndarray:
    """Least squares over the history, at the known levels, forgetting as fits the truth best."""
    epochs, batches, values = zip(*history)
    sizes = np.array([len(batch) for batch in batches])
    age = losses.seen.shape[0] - 1 - np.array(epochs)
    candidates = [
        least_squares_scores(
            sizes,
            np.concatenate(batches),
            np.array(values),
            losses.seen.shape[1],
            weights=forgetting**age,
        )
        for forgetting in FORGETTING
    ]
    return max(candidates, key=lambda scores: rank_correlation(scores, losses.truth))


def fidelity(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Rank correlation, overlap of the highest 30 %, and of the lowest 30 %."""
    return np.array(
        [rank_correlation(scores, truth), overlap(scores, truth, 0.3), overlap(scores, truth, -0.3)]
    )


def compare(losses: List[Losses], batch_size: int, pruner: dict) -> Dict[str, np.ndarray]:
    """Mean fidelity over some runs, of each scorer and of the limit."""
    scorers = {**SCORERS, **SAMPLE_SCORERS}
    results: Dict[str, list] = {name: [] for name in ('least squares', *scorers)}
    for seed, run in enumerate(losses):
        for name, scorer in scorers.items():
            scores, history = train(run, batch_size, scorer, pruner, seed)
            results[name].append(fidelity(scores, run.truth))
            if name == 'residual':
                results['least squares'].append(fidelity(limit(run, history), run.truth))
    return {name: np.mean(values, axis=0) for name, values in results.items()}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('--record', type=Path, help='work dir of a recorded run; else simulated')
    options.add_argument('--batch-sizes', type=int, nargs='+', default=[2, 8, 32, 128, 512])
    options.add_argument('--pruners', nargs='+', choices=PRUNERS, default=list(PRUNERS))
    options.add_argument('--repeats', type=int, default=3, help='seeds')
    args = options.parse_args()
    losses = [recorded(args.record) if args.record else simulate(s) for s in range(args.repeats)]
    names = ['least squares', *SCORERS, *SAMPLE_SCORERS]
    print_table(['pruner', 'batch', *names, 'residual over limit'], [])
    for pruner in args.pruners:
        for batch_size in args.batch_sizes:
            means = compare(losses, batch_size, PRUNERS[pruner])
            cells = [' / '.join(f'{value:.2f}' for value in means[name]) for name in names]
            share = means['residual'][0] / means['least squares'][0]
            print('| ' + ' | '.join([pruner, str(batch_size), *cells, f'{share:.3f}']) + ' |')


if __name__ == '__main__':
    main()
