"""Trains on all samples, on random ones and on pruned ones, and compares them."""

import argparse
from typing import Callable, Tuple

from bls_mm import PrunedLoader

SAVINGS = dict(target_savings=0.3, compensation='batch_size')
PRUNERS = dict(
    full=dict(type='NoPruning'),
    random=dict(type='DynamicRandom', **SAVINGS),
    auto=dict(type='auto', target_savings=0.3),
    SeTa=dict(type='SeTa', **SAVINGS),
)


def compare(
    train: Callable[[dict, int], Tuple[PrunedLoader, float]], metric: str, epochs: int
) -> None:
    """Trains with each pruner, and prints the samples seen and the metric.

    Args:
        train (Callable): Takes the config of a pruner and a number of epochs; returns the loader
            and the metric.
        metric (str): How to print the metric, such as ``'accuracy {:.1%}'``.
        epochs (int): Default number of epochs.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument('--epochs', type=int, default=epochs)
    parser.add_argument('--pruners', nargs='+', default=list(PRUNERS), choices=PRUNERS)
    args = parser.parse_args()
    for name in args.pruners:
        loader, value = train(PRUNERS[name], args.epochs)
        loader.bls.sync()
        samples = int(loader.bls.scorer.visits.sum())
        pruned = 1 - samples / (args.epochs * len(loader.dataset))
        print(f'{name:6} {samples:8,} samples, {pruned:5.1%} pruned, {metric.format(value)}')
