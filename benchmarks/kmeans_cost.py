"""Cost of SeTa's k-means groups over the optimal cost, and the sizes of the groups.

    python benchmarks/kmeans_cost.py

The cost is the within-group sum of squares of five groups. The optimum is that of dynamic
programming on the distinct values, without a histogram; `tests/test_ops/test_kmeans_starts.py`
checks that it is one. KMeans is scikit-learn's, the best of 10 starts, if it is installed.
"""

import argparse
import time
from typing import Callable, Dict

import numpy as np
from measure import print_table

from bls_mm.ops.kmeans import kmeans_boundaries, optimal_starts

try:
    from sklearn.cluster import KMeans
except ImportError:
    KMeans = None

GROUPS = 5
CHOICE = (0.7, 0.2, 0.1)


def wrong_labels(rng: np.random.Generator, n: int) -> np.ndarray:
    """Losses of a model that fits its training set, 2 % of which has wrong labels."""
    return np.where(rng.random(n) < 0.02, abs(rng.normal(6, 1, n)), rng.lognormal(-3, 0.8, n))


DISTRIBUTIONS: Dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    'gamma 1.5': lambda rng, n: rng.gamma(1.5, 1, n),
    'lognormal, sigma 1': lambda rng, n: rng.lognormal(0, 1, n),
    'lognormal, sigma 2': lambda rng, n: rng.lognormal(0, 2, n),
    'Pareto 1.5': lambda rng, n: rng.pareto(1.5, n),
    'Cauchy, clipped at 10,000': lambda rng, n: rng.standard_cauchy(n).clip(-1e4, 1e4),
    'bimodal': lambda rng, n: rng.choice([0.0, 3.0], n) + rng.normal(0, 0.3, n),
    'trimodal with gaps': lambda rng, n: rng.choice([0.0, 5.0, 20.0], n, p=CHOICE) + rng.random(n),
    '2 % wrong labels': wrong_labels,
    'exponential decay': lambda rng, n: np.exp(-15 * rng.random(n)),
    'uniform': lambda rng, n: rng.random(n),
    'Poisson 3': lambda rng, n: rng.poisson(3, n),
    'gamma 1.5, two decimals': lambda rng, n: rng.gamma(1.5, 1, n).round(2),
}


def group_costs(values: np.ndarray, boundaries: np.ndarray) -> tuple:
    """Returns the sum of squares within groups of ascending values, and the size of each group."""
    groups = np.split(values.astype(np.float64), np.searchsorted(values, boundaries))
    return sum(len(g) * g.var() for g in groups if len(g)), [len(g) for g in groups]


def optimal_boundaries(values: np.ndarray) -> np.ndarray:
    """Returns the boundaries of the optimal groups, without a histogram."""
    points, counts = np.unique(values.astype(np.float64), return_counts=True)
    return points[optimal_starts(points, counts, GROUPS)[1:]].astype(np.float32)


def sklearn_boundaries(values: np.ndarray) -> np.ndarray:
    """Returns the lowest values of the groups of scikit-learn, but of the first group."""
    labels = KMeans(GROUPS, n_init=10, random_state=0).fit_predict(values[:, None])
    return values[1:][np.diff(labels) != 0]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument('--samples', type=int, nargs='+', default=[2_000, 100_000])
    args = options.parse_args()
    head = ['scores', 'samples', 'cost / optimum', 'KMeans cost / optimum', 'sizes of groups', 'ms']
    print_table(head, [])
    for name, draw in DISTRIBUTIONS.items():
        for size in args.samples:
            values = np.sort(draw(np.random.default_rng(0), size).astype(np.float32))
            start = time.process_time()
            boundaries = kmeans_boundaries(values, GROUPS)
            milliseconds = 1e3 * (time.process_time() - start)
            cost, sizes = group_costs(values, boundaries)
            best, _ = group_costs(values, optimal_boundaries(values))
            theirs = 'not installed'
            if KMeans:
                theirs = f'{group_costs(values, sklearn_boundaries(values))[0] / best:.6f}'
            sizes = ' / '.join(f'{count:,}' for count in sizes)
            row = [name, f'{size:,}', f'{cost / best:.6f}', theirs, sizes, f'{milliseconds:.0f}']
            print('| ' + ' | '.join(row) + ' |', flush=True)


if __name__ == '__main__':
    main()
