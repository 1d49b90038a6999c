"""``target_savings``: the run skips the requested fraction, whatever the pruner and its ratio."""

import numpy as np
import pytest
from plans import EPOCHS, NUM, run_epochs, savings, scores_of
from toy import train

from bls_mm.ops.shards import WHOLE
from bls_mm.planning import Planner
from bls_mm.planning.budget import Budget, meet
from bls_mm.pruners import (
    UCB,
    CoverageCentric,
    DynamicRandom,
    EpsilonGreedy,
    FewerPasses,
    GroupWeights,
    InfoBatch,
    Kakurenbo,
    NoPruning,
    OrderDP,
    RePB,
    SelectiveBackprop,
    SeTa,
    StaticRandom,
    StaticSubset,
)
from bls_mm.samplers.order import SELECT, epoch_generator

CASES = [
    (SeTa, {}, {}),
    (SeTa, dict(num_groups=2, window_scale=1.0), {}),
    (InfoBatch, {}, {}),
    (InfoBatch, dict(prune_ratio=0.9), dict(delta=0.7)),
    (InfoBatch, dict(quantiles=(20, 85), keep_ratios=(0.25, 0.5)), {}),
    (DynamicRandom, {}, {}),
    (FewerPasses, {}, {}),
    (EpsilonGreedy, {}, {}),
    (EpsilonGreedy, {}, dict(interval=3, delta=0.9)),
    (UCB, {}, {}),
    (SelectiveBackprop, {}, {}),
    (CoverageCentric, {}, {}),
    (Kakurenbo, {}, {}),
    (OrderDP, {}, {}),
    (RePB, {}, {}),
    (NoPruning, {}, {}),
]


@pytest.mark.parametrize('target', [0.05, 0.3, 0.6])
@pytest.mark.parametrize(('kind', 'own', 'options'), CASES)
def test_run_meets_the_target(kind, own, options, target):
    pruner = kind(**own)
    plans = run_epochs(Planner(pruner, target_savings=target, **options))
    # SeTa also prunes while it anneals, up to the target. All are within half a percentage point.
    assert abs(savings(plans) - target) < 0.005
    if pruner.needs_scores:
        assert plans[0].num_kept == NUM


def test_savings_are_spread_evenly():
    planner = Planner(InfoBatch(), delta=0.75, target_savings=0.3)
    kept = [plan.num_kept for plan in run_epochs(planner)]
    assert kept[0] == NUM and kept[12:] == [NUM] * 4
    assert max(kept[1:12]) - min(kept[1:12]) <= 1


def test_ratio_of_the_pruner_follows_the_goal():
    # If the ratio alone can meet the target, nothing is pruned at random: all hard samples stay.
    scores = np.repeat(np.float32([1, 2]), NUM // 2)
    planner = Planner(InfoBatch(prune_ratio=0.5), delta=1.0, target_savings=0.4)
    plans = []
    for epoch in range(8):
        visits = np.full(NUM, min(epoch, 1))
        rng = epoch_generator(0, epoch, SELECT)
        plans.append(planner.plan(scores, visits, epoch, 8, rng))
    # 0.4 of 8 epochs in 7 of them: 0.457 of all samples, 0.914 of the easy half
    assert abs(planner.pruner.prune_ratio - 0.914) < 0.01
    assert np.count_nonzero(plans[-1].indices >= NUM // 2) > 0.99 * NUM / 2
    assert abs(savings(plans) - 0.4) < 0.001


def test_weights_keep_their_total_if_samples_come_back():
    planner = Planner(InfoBatch(prune_ratio=0.8), target_savings=0.1)  # prunes too much
    plan = run_epochs(planner)[1]
    easy = plan.weights > 1
    scores = scores_of(1)
    assert abs(plan.weights[easy].sum() - (scores < scores.mean()).sum()) < 5


def test_meet_prunes_no_sample_that_it_may_not():
    mask, may_prune = np.ones(1000, dtype=bool), np.arange(1000) < 400
    assert meet(300, mask, None, may_prune.copy(), np.random.default_rng(0), WHOLE) is None
    assert mask[400:].all() and np.count_nonzero(~mask) == 300
    mask[:] = True
    meet(700, mask, None, may_prune.copy(), np.random.default_rng(0), WHOLE)
    assert mask[400:].all() and np.count_nonzero(~mask) == 360  # at most 90 % of them


def test_meet_changes_no_weight_if_it_prunes():
    weights = GroupWeights(np.float32([1, 2]), np.arange(1000) % 2)
    mask = np.ones(1000, dtype=bool)
    changed = meet(300, mask, weights, mask.copy(), np.random.default_rng(0), WHOLE)
    assert changed is weights


def test_resume_is_bit_for_bit():
    options = dict(interval=2, target_savings=0.35, guards=[dict(type='Revisit', epochs=2)])
    whole = run_epochs(Planner(EpsilonGreedy(), **options))
    begun = Planner(EpsilonGreedy(), **options)
    run_epochs(begun, epochs=7, max_epochs=EPOCHS)
    resumed = Planner(EpsilonGreedy(), **options)
    resumed.load_state_dict(begun.state_dict())
    for one, other in zip(whole[7:], run_epochs(resumed, start=7)):
        np.testing.assert_array_equal(one.indices, other.indices)


@pytest.mark.parametrize('interval', [2, 5])
def test_interval_keeps_the_selection_and_its_dependence_on_scores(interval):
    def make(interval):
        pruner = EpsilonGreedy(prune_ratio=0.5, epsilon=0.0)
        return Planner(pruner, interval=interval, target_savings=0.4)

    whole = run_epochs(make(1), epochs=20)
    plans = run_epochs(make(interval), epochs=20)
    assert abs(savings(plans) - 0.4) < 0.005
    for epoch in range(1, 20):
        same = np.array_equal(plans[epoch].indices, plans[epoch - 1].indices)
        assert same is (epoch != 1 and epoch % interval != 0)
    scores = np.random.default_rng(0).gamma(2, 1, NUM).astype(np.float32)
    hardest = scores >= np.quantile(scores, 0.8)
    fractions = [hardest[run[-1].indices].mean() for run in (whole, plans)]
    assert fractions[1] > 0.9 * fractions[0] > 1.2 * 0.2


@pytest.mark.parametrize('pruner', [StaticRandom(), StaticSubset([1, 2])])
def test_pruners_of_a_fixed_subset_refuse_a_target(pruner):
    with pytest.raises(
        ValueError, match='keeps the same samples in every epoch, so it cannot meet'
    ):
        Planner(pruner, target_savings=0.3)


def test_an_epoch_that_is_planned_again_counts_once():
    planner = Planner(DynamicRandom(), target_savings=0.3)
    run_epochs(planner)
    run_epochs(planner, start=10)
    assert len(planner.budget.pruned) == EPOCHS


@pytest.mark.parametrize(
    ('target', 'epochs', 'revisit', 'interval'),
    [(0.4, EPOCHS, 2, 1), (0.3, 4, 2, 1), (0.3, 5, 3, 1), (0.4, 8, 5, 1), (0.3, 24, 5, 3)],
)
def test_samples_that_guards_bring_back_are_saved_elsewhere(target, epochs, revisit, interval):
    planner = Planner(
        EpsilonGreedy(epsilon=0.0),
        interval=interval,
        target_savings=target,
        guards=[dict(type='Revisit', epochs=revisit)],
    )
    assert abs(savings(run_epochs(planner, epochs)) - target) < 0.005 * interval


def test_a_prune_ratio_of_zero_follows_the_goal_too():
    planner = Planner(EpsilonGreedy(prune_ratio=0.0, epsilon=0.0), target_savings=0.3)
    plans = run_epochs(planner)
    scores = scores_of(8)
    hardest = scores >= np.quantile(scores, 0.8)
    assert hardest[plans[8].indices].sum() == hardest.sum()


@pytest.mark.parametrize('target', [0.1, 0.3, 0.6])
def test_fewer_passes_uses_all_samples_equally_often_also_with_a_target(target):
    used = sum(
        plan.mask.astype(int) for plan in run_epochs(Planner(FewerPasses(), None, 1, target))
    )
    assert used.max() - used.min() <= 1


def test_samples_of_a_group_that_kept_none_come_back_with_weight_one():
    scores = np.float32([1] * 5 + [9] * 5)
    planner = Planner(InfoBatch(prune_ratio=0.9), target_savings=0.1)
    ones = np.ones(10, dtype=np.uint8)
    plan = planner.plan(scores, ones, 1, 10, np.random.default_rng(0))
    assert set(plan.weights) == {1}


def test_weights_of_repb_stay_what_they_are():
    planner = Planner(RePB(prune_ratio=0.9), target_savings=0.1)
    visits = np.array([0, 1, 2, 4] * 500, dtype=np.uint8)
    plan = planner.plan(scores_of(4), visits, 4, 10, np.random.default_rng(0))
    assert set(plan.weights) == {1, 2, 4}
    assert set(plan.weights[visits[plan.indices] == 0]) == {1}


def test_state_is_plain_numbers_and_an_empty_state_is_a_run_without_target():
    budget = Budget(0.3, InfoBatch(prune_ratio=0.5))
    budget.follow(goal=200, num_pruned=100, num_samples=1000)
    budget.record(0, 100)
    state = budget.state_dict()
    assert state == dict(pruned={0: 100}, ratio=0.95)
    budget.load_state_dict({})
    assert budget.state_dict() == dict(pruned={}, ratio=0.5)
    budget.load_state_dict(state)
    assert budget.state_dict() == state


def test_run_of_mmengine_meets_the_target(tmp_path):
    pruner = dict(type='InfoBatch', target_savings=0.25, guards=[dict(type='Revisit', epochs=3)])
    _, _, hook = train(tmp_path, pruner=pruner, max_epochs=8, num=200)
    assert abs(hook.savings.pruned - 0.25) < 0.01


@pytest.mark.parametrize(
    ('pruner', 'delta', 'target', 'most'),
    [
        (
            *(InfoBatch(), 0.5, 0.5),
            'of 10 epochs the first sees all samples and 5 anneal.* 36.0%; ask for less',
        ),
        (DynamicRandom(), None, 0.95, 'of 10 epochs 0 anneal.* 90.0%; ask for less'),
        (DynamicRandom(), 0.0, 0.3, 'of 10 epochs 10 anneal.* 0.0%; ask for less'),
        (InfoBatch(), 0.0, 0.3, 'of 10 epochs the first sees all samples and 9 anneal.* 0.0%'),
    ],
)
def test_unreachable_target_raises_before_the_first_epoch(pruner, delta, target, most):
    planner = Planner(pruner, delta, target_savings=target)
    with pytest.raises(ValueError, match=f'target_savings={target} cannot be reached: {most}'):
        run_epochs(planner, epochs=10)


@pytest.mark.parametrize('epochs', [9, 10, 36, 72])
def test_the_largest_target_is_reachable_whatever_the_number_of_epochs(epochs):
    planner = Planner(DynamicRandom(), target_savings=0.9)
    assert savings(run_epochs(planner, epochs)) == pytest.approx(0.9, abs=0.001)


def test_target_of_a_run_of_one_epoch_needs_more_epochs():
    planner = Planner(InfoBatch(), target_savings=0.3)
    with pytest.raises(ValueError, match=r'of 1 epochs the first sees all .* 0.0%; train longer'):
        run_epochs(planner, epochs=1)
