"""Agreement of each scorer with true sample losses, against the least-squares limit.

Losses are simulated, or those of a run that recorded the loss of each sample, from which batches of
any size are formed. `python tools/train.py configs/study/crnn-slim_recorded_16e_words.py --work-dir
WORK_DIR` records one.
"""

import argparse
from typing import Dict, List

import numpy as np
from measure import print_table

from bls_mm.analysis.rank_correlation import rank_correlation
from bls_mm.research import LossRecord
from bls_mm.research.fidelity import least_squares_scores, overlap
from bls_mm.research.replay import (
    ReplayedBatch,
    ReplayLosses,
    recorded_losses,
    replay,
    simulated_losses,
)

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
FORGETTING = (1.0, 0.9, 0.8, 0.6, 0.4)  # weight of an epoch relative to the next one


def limit(losses: ReplayLosses, history: List[ReplayedBatch]) -> np.ndarray:
    """Least squares over the history with known levels, and the forgetting that fits best."""
    epochs, batches, relative_losses = zip(*history)
    num_epochs, num_samples = losses.seen.shape
    candidates = [
        least_squares_scores(
            np.array([len(batch) for batch in batches]),
            np.concatenate(batches),
            np.array(relative_losses),
            num_samples,
            weights=forgetting ** (num_epochs - 1 - np.array(epochs)),
        )
        for forgetting in FORGETTING
    ]
    return max(candidates, key=lambda scores: rank_correlation(scores, losses.truth[-1]))


def fidelity(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Rank correlation, overlap of the highest 30 %, overlap of the lowest 30 %."""
    return np.array(
        [rank_correlation(scores, truth), overlap(scores, truth, 0.3), overlap(scores, truth, -0.3)]
    )


def compare(losses: List[ReplayLosses], batch_size: int, pruner: dict) -> Dict[str, np.ndarray]:
    """Mean fidelity of each scorer and of the limit over several runs."""
    scorers = {**SCORERS, **SAMPLE_SCORERS}
    results: Dict[str, list] = {name: [] for name in ('least squares', *scorers)}
    for seed, run in enumerate(losses):
        for name, scorer in scorers.items():
            epochs = list(replay(run, batch_size, scorer, pruner, seed))
            results[name].append(fidelity(epochs[-1][0], run.truth[-1]))
            if name == 'residual':
                history = [batch for _, batches in epochs for batch in batches]
                results['least squares'].append(fidelity(limit(run, history), run.truth[-1]))
    return {name: np.mean(values, axis=0) for name, values in results.items()}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        '--record', help='work dir of a recorded run. Defaults to simulated losses'
    )
    options.add_argument('--batch-sizes', type=int, nargs='+', default=[2, 8, 32, 128, 512])
    options.add_argument('--pruners', nargs='+', choices=PRUNERS, default=list(PRUNERS))
    options.add_argument('--repeats', type=int, default=3, help='seeds')
    args = options.parse_args()
    if args.record:
        losses = [recorded_losses(LossRecord.load(args.record))] * args.repeats
    else:
        losses = [simulated_losses(seed) for seed in range(args.repeats)]
    names = ['least squares', *SCORERS, *SAMPLE_SCORERS]
    print_table(['pruner', 'batch', *names, 'residual over limit'], [])
    for pruner in args.pruners:
        for batch_size in args.batch_sizes:
            means = compare(losses, batch_size, PRUNERS[pruner])
            cells = [' / '.join(f'{value:.2f}' for value in means[name]) for name in names]
            fraction = means['residual'][0] / means['least squares'][0]
            print('| ' + ' | '.join([pruner, str(batch_size), *cells, f'{fraction:.3f}']) + ' |')


if __name__ == '__main__':
    main()
