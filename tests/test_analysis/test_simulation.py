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


def test_observed_losses_scatter_about_the_expected():
    losses = GammaLosses(10_000, 10)
    ratio = losses.observed(3, np.arange(10_000)) / losses.expected(3)
    assert abs(ratio.mean() - 1) < 0.02
    assert abs(ratio.std() - 0.25) < 0.02


def test_the_plan_is_that_of_the_pruner():
    epochs = plan('DynamicRandom', prune_ratio=0.3, delta=0.5)
    assert [epoch.kept_ratio for epoch in epochs] == [0.7] * 4 + [1.0] * 4


def test_info_batch_weighs_what_it_keeps_so_that_the_sum_stays():
    for epoch in plan('InfoBatch')[1:7]:
        assert 0.5 < epoch.kept_ratio < 0.9
        assert epoch.kept_ratio * epoch.mean_weight == pytest.approx(1, abs=0.002)


def test_scores_know_less_of_a_sample_the_larger_the_batch():
    quality = [plan(batch_size=size)[-1].correlation for size in (2, 8, 64)]
    assert quality == sorted(quality, reverse=True)
    assert quality[0] > 0.5
    assert quality[2] < 0.2


def test_true_losses_are_the_best_score_and_nothing_is_known_at_first():
    epochs = plan(scorer=dict(type='SampleLossScorer'), batch_size=64)
    assert math.isnan(epochs[0].correlation)
    assert epochs[-1].correlation > 0.85


def test_same_seed_same_plan():
    first, second = plan(), plan()
    assert first[1:] == second[1:]


@pytest.mark.parametrize('of', ['source', 'class'])
def test_guards_of_sources_and_classes_can_be_simulated(of):
    guards = [dict(type='MinShare', of=of, share=0.8)]
    kept = [epoch.kept_ratio for epoch in plan('DynamicRandom', prune_ratio=0.5, guards=guards)]
    assert kept == [0.8] * 8


def test_every_scorer_can_be_simulated():
    for scorer in ('auto', dict(type='ResidualScorer')):
        assert plan(scorer=scorer, batch_size=4)[-1].correlation > 0.4
