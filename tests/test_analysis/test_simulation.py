import math

import numpy as np
import pytest

from bls_mm.analysis.simulation import FallingLosses, simulate

SIZE = dict(num_samples=2000, max_epochs=8)


def plan(pruner='SeTa', scorer=None, batch_size=8, **options):
    return simulate(dict(type=pruner, **options), scorer, batch_size=batch_size, **SIZE)


def test_losses_fall_and_hard_samples_stay_hard():
    losses = FallingLosses(5000)
    first, last = losses.expected(0), losses.expected(1)
    assert (last < first / 500).all()
    slow = last / first > 0.0006
    assert 0.15 < slow.mean() < 0.25
    assert first[slow].mean() > 2 * first[~slow].mean()


def test_observed_losses_scatter_around_expected_losses():
    losses = FallingLosses(10_000)
    ratio = losses.observed(np.full(10_000, 0.3), np.arange(10_000)) / losses.expected(0.3)
    assert abs(ratio.mean() - 1) < 0.02
    assert abs(ratio.std() - 0.5) < 0.02


@pytest.mark.parametrize(
    ('pruner', 'scorer', 'recorded'),
    [  # the table "Fidelity" of docs/signal.md: batches of 2, 8 and 32
        ('InfoBatch', 'BatchLossScorer', (0.02, 0.01, 0.02)),
        ('SeTa', 'BatchLossScorer', (0.04, 0.09, 0.06)),
        ('InfoBatch', 'ResidualScorer', (0.78, 0.50, 0.24)),
        ('SeTa', 'ResidualScorer', (0.79, 0.51, 0.23)),
        ('SeTa', 'SampleLossScorer', (0.94, 0.94, 0.94)),
    ],
)
def test_scores_are_as_good_as_those_of_recorded_losses(pruner, scorer, recorded):
    for batch_size, expected in zip((2, 8, 32), recorded):
        epochs = simulate(dict(type=pruner), dict(type=scorer), 2000, batch_size, max_epochs=16)
        assert abs(epochs[-1].correlation - expected) < (0.25 if batch_size == 2 else 0.12)


def test_plan_follows_pruner():
    epochs = plan('DynamicRandom', prune_ratio=0.3, delta=0.5)
    assert [epoch.kept_fraction for epoch in epochs] == [0.7] * 4 + [1.0] * 4


def test_info_batch_weights_preserve_total_weight():
    for epoch in plan('InfoBatch')[1:7]:
        assert 0.5 < epoch.kept_fraction < 0.9
        assert epoch.kept_fraction * epoch.mean_weight == pytest.approx(1, abs=0.002)


def test_larger_batches_make_scores_worse():
    scorer = dict(type='ResidualScorer')
    quality = [plan(scorer=scorer, batch_size=size)[-1].correlation for size in (2, 8, 64)]
    assert quality == sorted(quality, reverse=True)
    assert quality[0] > 0.5
    assert quality[2] < 0.2


def test_sample_losses_correlate_best_and_first_epoch_is_nan():
    epochs = plan(scorer=dict(type='SampleLossScorer'), batch_size=64)
    assert math.isnan(epochs[0].correlation)
    assert epochs[-1].correlation > 0.85


def test_same_seed_same_plan():
    first, second = plan(), plan()
    assert first[1:] == second[1:]


@pytest.mark.parametrize('of', ['source', 'class'])
def test_simulates_guards(of):
    guards = [dict(type='MinFraction', of=of, fraction=0.8)]
    kept = [epoch.kept_fraction for epoch in plan('DynamicRandom', prune_ratio=0.5, guards=guards)]
    assert kept == [0.8] * 8


def test_simulates_all_scorers():
    for scorer in ('auto', dict(type='ResidualScorer')):
        assert plan(scorer=scorer, batch_size=4)[-1].correlation > 0.4
