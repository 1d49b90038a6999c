"""How far InfoBatch's weights go wrong where only the mean loss of a batch is known.

    python benchmarks/weight_bias.py

A linear model of 10,000 samples, of which InfoBatch prunes half of the easy ones: the gradient of
every sample is known, and so is what the weighted gradient should be, the mean of w_i g_i. Bias is
the distance of the mean gradient over many epochs of random batches from it, noise the root mean
square distance of single batches, both in units of its length.
"""

import numpy as np

from bls_mm.losses import stretch_weight
from bls_mm.pruners import InfoBatch

NUM, FEATURES, EPOCHS, SIZES = 10_000, 10, 100, (2, 4, 8, 32, 128)


def make_gradients(rng: np.random.Generator) -> tuple:
    """Returns loss ``(N,)`` and gradient ``(N, F)`` of each sample; some samples are harder."""
    inputs = rng.normal(0.3, 1, (NUM, FEATURES))
    targets = inputs.sum(1) + rng.normal(0, rng.gamma(1, 1, NUM))
    residuals = inputs @ np.full(FEATURES, 0.8) - targets
    return residuals**2 / 2, residuals[:, None] * inputs


def batch_gradients(gradients, weights, size, rng, kind) -> np.ndarray:
    """Returns the weighted gradients of the full batches of one epoch: ``(M, F)``."""
    order = rng.permutation(len(weights))
    if kind == 'equal weights':
        order = order[np.argsort(weights[order], kind='stable')]
    batches = order[: len(order) // size * size].reshape(-1, size)
    if kind == 'of each sample':
        return (weights[batches, None] * gradients[batches]).mean(1)
    factors = weights[batches].mean(1)
    if kind == 'unbiased':
        factors = stretch_weight(factors, size, weights.mean())
    return factors[:, None] * gradients[batches].mean(1)


def measure(size: int, kind: str) -> tuple:
    """Returns bias and noise of the gradients of one kind of weights."""
    rng = np.random.default_rng(0)
    losses, gradients = make_gradients(rng)
    visits = np.ones(NUM, dtype=np.uint8)
    selection = InfoBatch().select(losses.astype(np.float32), visits, 1, None, rng)
    gradients, weights = gradients[selection.indices], selection.weights.astype(float)
    expected = (weights[:, None] * gradients).mean(0)
    drawn = np.concatenate(
        [batch_gradients(gradients, weights, size, rng, kind) for _ in range(EPOCHS)]
    )
    length = np.linalg.norm(expected)
    bias = np.linalg.norm(drawn.mean(0) - expected) / length
    noise = np.sqrt(((drawn - expected) ** 2).sum(1).mean()) / length
    return bias, noise


def main() -> None:
    kinds = ('of each sample', 'mean', 'unbiased', 'equal weights')
    print('| batch | ' + ' | '.join(f'{kind}: bias, noise' for kind in kinds) + ' |')
    print('|---|' + '---|' * len(kinds))
    for size in SIZES:
        cells = [f'{bias:.1%}, {noise:.2f}' for bias, noise in (measure(size, k) for k in kinds)]
        print(f'| {size} | ' + ' | '.join(cells) + ' |', flush=True)


if __name__ == '__main__':
    main()
