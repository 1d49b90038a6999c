import math

import numpy as np
import pytest

from bls_mm.analysis.simulation import GammaLosses, simulate

SIZE = dict(num_samples=2000, max_epochs=8)


def plan(pruner='SeTa', scorer=None, batch_size=8, **options):
    return simulate(dict(type=pruner, **options), scorer, batch_size=batch_size, **SIZE)


def test_losses_decay_and_hard_samples_stay_hard():
    losses = GammaLosses(5000, 10)
    first, last = losses.expected(0), losses.expected(9)
    assert (last < first).all()
    slow = last / first > 0.3
    assert 0.15 < slow.mean() < 0.25
    assert first[slow].mean() > 2 * first[~slow].mean()


def test_observed_losses_scatter_around_expected_losses():
    losses = GammaLosses(10_000, 10)
    ratio = losses.observed(3, np.arange(10_000)) / losses.expected(3)
    assert abs(ratio.mean() - 1) < 0.02
    assert abs(ratio.std() - 0.25) < 0.02


def test_plan_follows_pruner():
    epochs = plan('DynamicRandom', prune_ratio=0.3, delta=0.5)
    assert [epoch.kept_fraction for epoch in epochs] == [0.7] * 4 + [1.0] * 4


def test_info_batch_weights_preserve_total_weight():
    for epoch in plan('InfoBatch')[1:7]:
        assert 0.5 < epoch.kept_fraction < 0.9
        assert epoch.kept_fraction * epoch.mean_weight == pytest.approx(1, abs=0.002)


def test_larger_batches_make_scores_worse():
    quality = [plan(batch_size=size)[-1].correlation for size in (2, 8, 64)]
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
