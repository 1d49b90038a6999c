import numpy as np
import pytest

from bls_mm.planning import build_planner
from bls_mm.research import ShuffledScores
from bls_mm.research.shuffled_scores import shuffle_scores

NUM, EPOCHS = 2000, 8
SCORES = np.random.default_rng(1).gamma(2, 1, NUM).astype(np.float32)
VISITS = np.ones(NUM, dtype=np.uint8)


def plans_of(cfg):
    planner = build_planner(cfg)
    return [
        planner.plan(SCORES.copy(), VISITS.copy(), epoch, EPOCHS, np.random.default_rng(epoch))
        for epoch in range(EPOCHS)
    ]


def test_prunes_as_many_samples_but_ignores_their_own_scores():
    plans = {False: plans_of(dict(type='InfoBatch', delta=1.0))}
    plans[True] = plans_of(shuffle_scores(dict(type='InfoBatch', delta=1.0)))
    assert [plan.num_kept for plan in plans[True]] == [plan.num_kept for plan in plans[False]]
    always = {key: np.all([plan.mask for plan in value], axis=0) for key, value in plans.items()}
    hard = SCORES.mean() <= SCORES
    np.testing.assert_array_equal(always[False], hard)
    assert np.count_nonzero(always[True]) == np.count_nonzero(hard)
    assert hard[always[True]].mean() == pytest.approx(hard.mean(), abs=0.05)


@pytest.mark.parametrize('kind', ['InfoBatch', 'SeTa', 'UCB', 'EpsilonGreedy', 'CoverageCentric'])
def test_meets_target_savings_with_annealing(kind):
    cfg = shuffle_scores(dict(type=kind, target_savings=0.4, delta=0.75))
    kept = [plan.num_kept for plan in plans_of(cfg)]
    if kind != 'SeTa':  # it also prunes while annealing
        assert kept[-2:] == [NUM, NUM]
    assert 1 - sum(kept) / (NUM * EPOCHS) == pytest.approx(0.4, abs=0.01)


def test_prune_ratio_is_that_of_the_other_pruner():
    pruner = ShuffledScores(dict(type='SeTa', prune_ratio=0.2))
    pruner.set_prune_ratio(0.4)
    assert pruner.prune_ratio == pruner.pruner.prune_ratio == 0.4
    assert ShuffledScores(dict(type='NoPruning')).prune_ratio is None


def test_attributes_are_those_of_the_other_pruner():
    for kind in ('DynamicRandom', 'StaticRandom', 'FewerPasses', 'UCB', 'Kakurenbo'):
        pruner = ShuffledScores(dict(type=kind))
        for name in ('delta', 'needs_scores', 'shardable', 'anneals_on_all', 'steerable'):
            assert getattr(pruner, name) == getattr(pruner.pruner, name)


def test_state_is_that_of_the_other_pruner():
    planner = build_planner(shuffle_scores(dict(type='Kakurenbo')))
    for epoch in range(4):
        planner.plan(SCORES, VISITS, epoch, EPOCHS, np.random.default_rng(epoch))
    state = planner.pruner.state_dict()
    assert state.keys() == planner.pruner.pruner.state_dict().keys() and state
    other = ShuffledScores(dict(type='Kakurenbo'))
    other.load_state_dict(state)
    for name, value in other.state_dict().items():
        np.testing.assert_array_equal(value, state[name])


def test_planner_options_stay_outside():
    guards = [dict(type='Revisit')]
    cfg = dict(type='SeTa', prune_ratio=0.3, target_savings=0.2, delta=0.9, guards=guards)
    assert shuffle_scores(cfg) == dict(
        type='bls_mm.research.ShuffledScores',
        pruner=dict(type='SeTa', prune_ratio=0.3),
        target_savings=0.2,
        delta=0.9,
        guards=guards,
    )
