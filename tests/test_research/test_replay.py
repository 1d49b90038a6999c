import numpy as np
import pytest

from bls_mm.research import LossRecord
from bls_mm.research.replay import recorded_losses, replay, simulated_losses


def test_replay_sees_kept_samples():
    losses = simulated_losses(0, num_samples=200, epochs=8)
    epochs = list(replay(losses, 10, dict(type='BatchLossScorer'), dict(type='InfoBatch'), 0))
    seen = [np.concatenate([batch.samples for batch in batches]) for _, batches in epochs]
    assert sorted(seen[0]) == list(range(200))
    assert len(seen[1]) < 200
    assert sorted(seen[-1]) == list(range(200))  # annealing
    for number, (scores, batches) in enumerate(epochs):
        assert scores.shape == (200,)
        batch = batches[-1]
        assert batch.epoch == number
        expected = losses.seen[number, batch.samples].mean()
        assert batch.relative_loss == pytest.approx(expected)


def test_recorded_losses_times_level_equal_record():
    rng = np.random.default_rng(0)
    order = np.concatenate([rng.permutation(600) for _ in range(3)])
    raw = rng.gamma(2, size=1800) * np.exp(-np.arange(1800) / 600)
    record = LossRecord(np.full(60, 30), np.repeat(np.arange(3), 20), order, raw, np.ones((3, 600)))
    losses = recorded_losses(record)
    times = np.arange(1800) / 600
    again = losses.seen[np.repeat(np.arange(3), 600), order] * losses.level(times)
    np.testing.assert_allclose(again, raw)
    np.testing.assert_allclose(losses.seen.mean(axis=1), 1, atol=0.1)
    with pytest.raises(ValueError, match='the loss of every sample in every epoch'):
        recorded_losses(record._replace(losses=raw[:60]))
