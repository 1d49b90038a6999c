"""Arrays that are hard for histograms of float bits."""

import numpy as np

CASES = {
    'gamma': lambda rng: rng.gamma(2, 1, 300_000),
    'negative and positive': lambda rng: rng.normal(0, 1e-3, 1000),
    'narrow range': lambda rng: 2.3 + 1e-4 * rng.random(5000),
    'ties': lambda rng: rng.integers(-3, 4, 1000),
    'zeros of either sign': lambda rng: np.array([0.0, -0.0, 1.0, -1.0]),
    'one value': lambda rng: np.array([7.5]),
}


def make_case(name):
    """Returns values, ``(n,)`` float32, and a mask that selects about 80 % of them."""
    rng = np.random.default_rng(0)
    values = CASES[name](rng).astype(np.float32)
    where = rng.random(len(values)) < 0.8
    where[0] = True
    return values, where
