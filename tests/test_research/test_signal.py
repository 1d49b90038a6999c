import numpy as np
import pytest

from bls_mm.research import LossRecord, signal
from bls_mm.scorers import BatchLossScorer

RNG = np.random.default_rng(0)


@pytest.mark.parametrize('alpha', [0.0, 0.7, 0.9])
def test_impulse_response_equals_scorer(alpha):
    scorer = BatchLossScorer(1, alpha=alpha, init='zero')
    seen = []
    for loss in [1.0] + [0.0] * 7:
        scorer.update([0], loss)
        seen.append(scorer.scores.item())
    np.testing.assert_allclose(signal.impulse_response(alpha, 8), seen, rtol=1e-5, atol=1e-12)


def test_frequency_response_is_transform_of_impulse_response():
    response = np.abs(np.fft.rfft(signal.impulse_response(0.7, 256)))
    frequencies = np.fft.rfftfreq(256)
    np.testing.assert_allclose(signal.frequency_response(0.7, frequencies), response, rtol=1e-6)


@pytest.mark.parametrize('alpha', [0.5, 0.7, 0.9])
def test_noise_gain_equals_energy_of_impulse_response(alpha):
    energy = (signal.impulse_response(alpha, 2000) ** 2).sum()
    assert signal.noise_gain(alpha) == pytest.approx(energy)


def record(per_sample):
    batches = np.concatenate([RNG.permutation(12).reshape(-1, 4) for _ in range(5)])
    true = RNG.gamma(2, size=(5, 12)).astype(np.float32)
    true[:, 3] = np.nan
    epochs = np.repeat(np.arange(5), 3)
    own = RNG.gamma(2, size=batches.shape).astype(np.float32)
    losses = own.ravel() if per_sample else own.mean(1)
    return LossRecord(np.full(15, 4), epochs, batches.ravel(), losses, true), batches, own


@pytest.mark.parametrize('per_sample', [True, False])
def test_parts_sum_to_batch_loss(per_sample):
    recorded, batches, own = record(per_sample)
    parts = signal.decompose(recorded)
    assert parts.own.shape == parts.noise.shape == (11, 5)
    for sample, row in ((0, 0), (11, 10)):
        for epoch in range(5):
            (batch,) = [b for b in range(3 * epoch, 3 * epoch + 3) if sample in batches[b]]
            assert parts.own[row, epoch] == pytest.approx(recorded.true_losses[epoch, sample] / 4)
            total = parts.own[row, epoch] + parts.noise[row, epoch]
            assert total == pytest.approx(own[batch].mean(), rel=1e-5)
    apart = parts.without_common_trend()
    np.testing.assert_allclose(apart.own.mean(axis=0), 0, atol=1e-7)
    relative = parts.relative()
    np.testing.assert_allclose((relative.own + relative.noise).mean(axis=0), 1, rtol=1e-6)
    np.testing.assert_allclose(relative.own / relative.noise, parts.own / parts.noise)


def test_record_of_pruned_run_raises():
    recorded, _, _ = record(False)
    with pytest.raises(ValueError, match='record a run of NoPruning'):
        signal.decompose(recorded._replace(indices=recorded.indices[:-4]))


def test_spectra_separate_slow_fast_and_white_series():
    visits = np.arange(32)
    slow, fast = (
        np.cos(2 * np.pi * f * visits + RNG.random((50, 1)) * 6) for f in (1 / 16, 7 / 16)
    )
    white = RNG.standard_normal((500, 32))
    fractions = [
        signal.low_fraction(*signal.power_spectrum(series)) for series in (slow, fast, white)
    ]
    assert fractions[0] > 0.95
    assert fractions[1] < 0.05
    assert fractions[2] == pytest.approx(0.5, abs=0.05)
    constant = np.repeat(RNG.standard_normal((500, 1)), 32, axis=1)
    assert signal.power_spectrum(constant)[1].max() < 1e-12
    assert signal.constant_power(constant) == pytest.approx(constant[:, 0].var())
