"""Loops over a :class:`PrunedLoader`, and the scores that they should give."""

import numpy as np
import torch
from torch.utils.data import TensorDataset

from bls_mm import PrunedLoader
from bls_mm.scorers import BatchLossScorer

NUM = 50
DATA = TensorDataset(torch.arange(NUM))


def make(pruner='InfoBatch', dataset=DATA, **options) -> PrunedLoader:
    options = {'batch_size': 4, 'max_epochs': 8, 'seed': 0, **options}
    return PrunedLoader(dataset, pruner=dict(type=pruner), **options)


def loss_of(batch) -> torch.Tensor:
    """The loss of a batch is the mean of its samples."""
    samples = batch[0] if isinstance(batch, (list, tuple)) else batch
    return samples.float().mean()


def train(loader, epochs, skip=()):
    """Scores each batch but those whose numbers are skipped; returns the batches of each epoch."""
    seen = []
    for epoch in epochs:
        loader.set_epoch(epoch)
        seen.append([])
        for number, (batch,) in enumerate(loader):
            seen[-1].append(batch.tolist())
            if number not in skip:
                loader.score(loss_of(batch))
    return seen


def assert_scores(loader, batches):
    """Asserts that the scores are those of these batches, one after another."""
    expected = BatchLossScorer(NUM)
    for batch in batches:
        expected.update(batch, float(np.mean(batch)))
    loader.bls.sync()
    torch.testing.assert_close(loader.bls.scorer.scores, expected.scores)
    assert torch.equal(loader.bls.scorer.visits, expected.visits)
