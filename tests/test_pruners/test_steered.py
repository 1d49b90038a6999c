"""Savings that were asked for, whatever the pruner and its own ratio."""

import numpy as np
import pytest
from toy import train

from bls_mm.pruners import (
    UCB,
    CoverageCentric,
    DynamicRandom,
    EpsilonGreedy,
    FewerPasses,
    InfoBatch,
    NoPruning,
    SelectiveBackprop,
    SeTa,
    StaticRandom,
    StaticSubset,
    SteeredPruner,
)
from bls_mm.samplers.plan import epoch_generator

NUM, EPOCHS = 2000, 16
PRUNERS = [
    SeTa(),
    SeTa(num_groups=2, window_scale=1.0),
    InfoBatch(),
    InfoBatch(prune_ratio=0.9, delta=0.7),
    InfoBatch(quantiles=(20, 85), keep_ratios=(0.25, 0.5)),
    DynamicRandom(),
    FewerPasses(),
    EpsilonGreedy(),
    EpsilonGreedy(interval=3, delta=0.9),
    UCB(),
    SelectiveBackprop(),
    CoverageCentric(),
    NoPruning(),
]


def run(pruner, epochs=EPOCHS, num=NUM, start=0, scores=None, seed=0):
    """Selects for a run whose scores fall and wander; returns the selections."""
    if scores is None:
        scores = np.random.default_rng(seed).gamma(2, 1, num).astype(np.float32)
    selections = []
    for epoch in range(start, epochs):
        visits = np.full(num, min(epoch, 1), dtype=np.uint8)
        wander = np.random.default_rng([seed, epoch]).gamma(4, 0.25, num).astype(np.float32)
        rng = epoch_generator(seed, epoch, 0)
        selections.append(pruner.select(scores * wander, visits, epoch, epochs, rng))
    return selections


def savings(selections, num=NUM):
    return 1 - sum(selection.num_kept for selection in selections) / num / len(selections)


@pytest.mark.parametrize('target', [0.05, 0.3, 0.6])
@pytest.mark.parametrize('pruner', PRUNERS, ids=lambda p: f'{type(p).__name__}-{p.delta}')
def test_the_savings_that_were_asked_for(pruner, target):
    selections = run(SteeredPruner(pruner, target))
    # SeTa also prunes in its last epochs, and no more than asked for; all within half a point.
    assert abs(savings(selections) - target) < 0.005
    if pruner.needs_scores:
        assert selections[0].num_kept == NUM


def test_the_savings_are_spread_evenly():
    kept = [s.num_kept for s in run(SteeredPruner(InfoBatch(delta=0.75), 0.3))]
    assert kept[0] == NUM and kept[12:] == [NUM] * 4
    assert max(kept[1:12]) - min(kept[1:12]) <= 1


def test_the_ratio_of_the_pruner_follows():
    # Nothing is left to chance where the ratio alone can do it: all hard samples stay.
    scores = np.repeat(np.float32([1, 2]), NUM // 2)
    pruner = SteeredPruner(InfoBatch(prune_ratio=0.5, delta=1.0), 0.4)
    selections = []
    for epoch in range(8):
        visits = np.full(NUM, min(epoch, 1))
        selections.append(pruner.select(scores, visits, epoch, 8, epoch_generator(0, epoch, 0)))
    # 0.4 of 8 epochs in 7 of them: 0.457 of all, 0.914 of the easy half
    assert abs(pruner.pruner.prune_ratio - 0.914) < 0.01
    assert np.count_nonzero(selections[-1].indices >= NUM // 2) > 0.99 * NUM / 2
    assert abs(savings(selections) - 0.4) < 0.001


def test_weights_count_as_much_as_the_samples_they_stand_for():
    pruner = SteeredPruner(InfoBatch(prune_ratio=0.8), 0.1)  # prunes too much: some come back
    selection = run(pruner)[1]
    easy = selection.weights > 1
    scores = np.random.default_rng(0).gamma(2, 1, NUM).astype(np.float32)
    scores *= np.random.default_rng([0, 1]).gamma(4, 0.25, NUM).astype(np.float32)
    assert abs(selection.weights[easy].sum() - (scores < scores.mean()).sum()) < 5


def test_a_resumed_run_is_the_run():
    options = dict(target_savings=0.35, guards=[dict(type='Revisit', epochs=2)])
    whole = run(SteeredPruner(EpsilonGreedy(interval=2), **options))
    pruner = SteeredPruner(EpsilonGreedy(interval=2), **options)
    scores = np.random.default_rng(0).gamma(2, 1, NUM).astype(np.float32)
    for epoch in range(7):
        wander = np.random.default_rng([0, epoch]).gamma(4, 0.25, NUM).astype(np.float32)
        visits = np.full(NUM, min(epoch, 1), dtype=np.uint8)
        rng = epoch_generator(0, epoch, 0)
        pruner.select(scores * wander, visits, epoch, EPOCHS, rng)
    resumed = SteeredPruner(EpsilonGreedy(interval=2), **options)
    resumed.load_state_dict(pruner.state_dict())
    for one, other in zip(whole[7:], run(resumed, start=7)):
        np.testing.assert_array_equal(one.indices, other.indices)


@pytest.mark.parametrize('interval', [2, 5])
def test_between_selections_the_same_samples_stay_and_scores_still_rule(interval):
    options = dict(prune_ratio=0.5, epsilon=0.0)
    whole = run(SteeredPruner(EpsilonGreedy(**options), 0.4), epochs=20)
    pruner = SteeredPruner(EpsilonGreedy(**options, interval=interval), 0.4)
    selections = run(pruner, epochs=20)
    assert abs(savings(selections) - 0.4) < 0.005
    for epoch in range(1, 20):
        same = np.array_equal(selections[epoch].indices, selections[epoch - 1].indices)
        assert same is (epoch != 1 and epoch % interval != 0)
    scores = np.random.default_rng(0).gamma(2, 1, NUM).astype(np.float32)
    hardest = scores >= np.quantile(scores, 0.8)
    shares = [hardest[run_of[-1].indices].mean() for run_of in (whole, selections)]
    assert shares[1] > 0.9 * shares[0] > 1.2 * 0.2


@pytest.mark.parametrize('pruner', [StaticRandom(), StaticSubset([1, 2])])
def test_what_keeps_the_same_samples_is_not_held_to_savings(pruner):
    with pytest.raises(ValueError, match='keeps the same samples in every epoch, so it cannot be'):
        SteeredPruner(pruner, 0.3)


def test_an_epoch_planned_anew_counts_once():
    pruner = SteeredPruner(DynamicRandom(), 0.3)
    run(pruner)
    run(pruner, start=10)
    assert len(pruner.pruned) == EPOCHS


def test_what_guards_bring_back_is_saved_elsewhere():
    guards = [dict(type='Revisit', epochs=2)]
    selections = run(SteeredPruner(EpsilonGreedy(epsilon=0.0), 0.4, guards))
    assert abs(savings(selections) - 0.4) < 0.01


def test_a_placebo_prunes_as_many_and_always_looks_at_the_same_other_samples():
    scores = np.random.default_rng(1).gamma(2, 1, NUM).astype(np.float32)
    visits = np.ones(NUM, dtype=np.uint8)
    kept = {}
    for placebo in (False, True):
        pruner = SteeredPruner(InfoBatch(delta=1.0), placebo=placebo)
        kept[placebo] = [
            pruner.select(scores, visits, epoch, EPOCHS, epoch_generator(0, epoch, 0))
            for epoch in range(1, EPOCHS)
        ]
    assert [one.num_kept for one in kept[False]] == [one.num_kept for one in kept[True]]
    always = {
        placebo: np.all([selection.as_mask(NUM)[0] for selection in selections], axis=0)
        for placebo, selections in kept.items()
    }
    hard = scores >= scores.mean()
    np.testing.assert_array_equal(always[False], hard)
    assert np.count_nonzero(always[True]) == np.count_nonzero(hard)
    assert hard[always[True]].mean() == pytest.approx(hard.mean(), abs=0.05)


def test_a_run_of_mmengine_saves_it(tmp_path):
    pruner = dict(type='InfoBatch', target_savings=0.25, guards=[dict(type='Revisit', epochs=3)])
    _, _, hook = train(tmp_path, pruner=pruner, max_epochs=8, num=200)
    assert abs(hook.savings.pruned - 0.25) < 0.01


@pytest.mark.parametrize(
    ('pruner', 'target', 'most'),
    [
        (InfoBatch(delta=0.5), 0.5, 'of 10 epochs the first sees all samples and 5 anneal.* 36.0%'),
        (DynamicRandom(), 0.95, 'of 10 epochs 0 anneal.* 90.0%'),
    ],
)
def test_what_cannot_be_reached_is_told_before_the_first_epoch(pruner, target, most):
    with pytest.raises(ValueError, match=f'target_savings={target} cannot be reached: {most}'):
        run(SteeredPruner(pruner, target), epochs=10)
