"""Properties of every pruner, and what the planner does with what a pruner returns."""

import numpy as np
import pytest

from bls_mm.planning import EpochPlan, MinFraction, Planner, Revisit, epoch_plan
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
    Pruner,
    RePB,
    SelectiveBackprop,
    SeTa,
    StaticRandom,
)

SCORED = [
    *(InfoBatch, SeTa, EpsilonGreedy, UCB, OrderDP, Kakurenbo, SelectiveBackprop),
    *(CoverageCentric, RePB),
]
PRUNERS = [NoPruning, StaticRandom, DynamicRandom, FewerPasses, *SCORED]
SIZE = 997


def plan(pruner, epoch=1, max_epochs=10, seed=0, visits=None, **options):
    scores = np.random.default_rng(7).gamma(2, 1, SIZE).astype(np.float32)
    visits = np.ones(SIZE, dtype=np.int16) if visits is None else visits
    rng = np.random.default_rng(seed)
    return Planner(pruner, **options).plan(scores, visits, epoch, max_epochs, rng)


@pytest.mark.parametrize('pruner_type', PRUNERS)
class TestEveryPruner:
    def test_indices_ascend_and_weights_fit(self, pruner_type):
        epoch_plan = plan(pruner_type())
        assert (np.diff(epoch_plan.indices) > 0).all()
        assert 0 <= epoch_plan.indices[0] <= epoch_plan.indices[-1] < SIZE
        if epoch_plan.weights is not None:
            assert epoch_plan.weights.shape == epoch_plan.indices.shape
            assert epoch_plan.weights.dtype == np.float32
            assert (epoch_plan.weights >= 1).all()

    def test_same_generator_gives_the_same_plan(self, pruner_type):
        one, other = plan(pruner_type()), plan(pruner_type())
        np.testing.assert_array_equal(one.indices, other.indices)
        np.testing.assert_array_equal(one.weights, other.weights)

    def test_scores_and_visits_stay_unchanged(self, pruner_type):
        scores, visits = np.ones(9, dtype=np.float32), np.ones(9, dtype=np.int16)
        scores.flags.writeable = visits.flags.writeable = False
        Planner(pruner_type()).plan(scores, visits, 1, 10, np.random.default_rng(0))

    @pytest.mark.parametrize('max_epochs', [1, 6, 12, 20, 36, 200])
    def test_annealing_starts_at_delta(self, pruner_type, max_epochs):
        start = -(-max_epochs * 7 // 8)
        every = Planner(pruner_type(), delta=0.875)
        annealing = [epoch for epoch in range(max_epochs) if every.is_annealing(epoch, max_epochs)]
        assert annealing == list(range(start, max_epochs))
        for epoch in annealing:
            epoch_plan = plan(pruner_type(), epoch, max_epochs, delta=0.875)
            assert epoch_plan.weights is None
            if pruner_type is not SeTa:  # anneals on a random fraction
                assert epoch_plan.num_kept == SIZE

    def test_never_anneals_without_max_epochs(self, pruner_type):
        assert not Planner(pruner_type()).is_annealing(10**6, None)


@pytest.mark.parametrize('pruner_type', SCORED)
class TestPrunersThatNeedScores:
    def test_prune_something(self, pruner_type):
        assert plan(pruner_type(), epoch=2).num_kept < 0.95 * SIZE

    def test_keep_samples_without_a_score(self, pruner_type):
        visits = np.random.default_rng(0).integers(0, 2, SIZE).astype(np.int16)
        epoch_plan = plan(pruner_type(), visits=visits)
        unscored = np.flatnonzero(visits == 0)
        assert np.isin(unscored, epoch_plan.indices).all()
        assert epoch_plan.num_kept < SIZE
        if epoch_plan.weights is not None:
            assert (epoch_plan.weights_of(unscored) == 1).all()

    def test_keep_all_samples_before_the_first_score(self, pruner_type):
        epoch_plan = plan(pruner_type(), epoch=0, visits=np.zeros(SIZE, dtype=np.int16))
        assert epoch_plan.num_kept == SIZE
        assert epoch_plan.weights is None


class KeepsNothing(Pruner):
    def prune(self, scores, scored, rng, progress):
        return np.zeros(len(scores), dtype=bool), None


def test_empty_selection_becomes_all_samples(monkeypatch):
    messages = []
    monkeypatch.setattr(epoch_plan, 'print_log', lambda message, *_: messages.append(message))
    assert plan(KeepsNothing()).num_kept == SIZE
    (message,) = messages
    assert message.startswith('BLS: the pruner keeps no sample in epoch 2, so the epoch trains on')


def test_guards_note_an_epoch_on_all_samples_that_replaces_an_empty_selection():
    guard = Revisit(5)
    plan(KeepsNothing(), guards=[guard])
    assert not guard.unseen_for.any()


def test_an_epoch_that_trains_on_all_samples_after_all_prunes_nothing():
    guard = Revisit(5)
    planner = Planner(DynamicRandom(0.5), guards=[guard], target_savings=0.3)
    rng, visits = np.random.default_rng(0), np.ones(SIZE, dtype=np.int16)
    planner.plan(np.ones(SIZE, dtype=np.float32), visits, 0, 10, rng)
    assert planner.budget.pruned[0] > 0 and guard.unseen_for.any()
    planner.record(0, EpochPlan.full(SIZE))
    assert planner.budget.pruned == [0] and not guard.unseen_for.any()


class KeepsItsAnswer(Pruner):
    """Returns the same arrays in every epoch."""

    def __init__(self, weights=None) -> None:
        self.mask = np.arange(SIZE) % 2 == 0
        self.weights = weights

    def prune(self, scores, scored, rng, progress):
        return self.mask, self.weights

    def anneal(self, num_samples, rng, progress):
        return self.mask


@pytest.mark.parametrize(
    'weights',
    [
        None,
        np.full(SIZE, 2, dtype=np.float32),
        GroupWeights(np.float32([2, 1]), np.zeros(SIZE, dtype=np.uint8)),
    ],
)
def test_a_pruner_may_keep_the_arrays_that_it_returns(weights):
    pruner = KeepsItsAnswer(weights)
    visits = np.ones(SIZE, dtype=np.uint8)
    visits[1::2] = 0  # the planner keeps these, too
    guards = [dict(type='Revisit')]
    planner = Planner(pruner, target_savings=0.1, guards=guards)
    scores = np.ones(SIZE, dtype=np.float32)
    for epoch in range(10):
        planner.plan(scores, visits, epoch, 10, np.random.default_rng(epoch))
    assert np.array_equal(pruner.mask, np.arange(SIZE) % 2 == 0)
    group = getattr(weights, 'group', np.zeros(1))
    assert pruner.mask.flags.writeable and group.flags.writeable
    assert not isinstance(weights, np.ndarray) or (weights == 2).all()


def test_weights_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match='loss weights must be finite numbers'):
        plan(KeepsItsAnswer(np.full(SIZE, np.nan, dtype=np.float32)))


def test_the_mask_of_an_annealing_epoch_is_checked():
    class AnnealsOnThree(KeepsNothing):
        def anneal(self, num_samples, rng, progress):
            return np.ones(3, dtype=bool)

    with pytest.raises(TypeError, match=r'AnnealsOnThree\.anneal must return a bool mask of shape'):
        plan(AnnealsOnThree(), epoch=9)


@pytest.mark.parametrize(('num_weights', 'tolerance'), [(3, 0), (900, 4)])
def test_weights_of_a_pruner_reach_the_plan(num_weights, tolerance):
    """Up to 256 different weights exactly; more are merged, and keep their total."""

    class Weighted(Pruner):
        def prune(self, scores, scored, rng, progress):
            return scored, np.arange(len(scores), dtype=np.float32) % num_weights

    visits = np.ones(SIZE, dtype=np.uint8)
    visits[::7] = 0
    epoch_plan = plan(Weighted(), visits=visits)
    expected = np.arange(SIZE) % num_weights
    expected[::7] = 1  # never scored
    assert np.abs(epoch_plan.weights - expected).max() <= tolerance
    assert epoch_plan.weights.sum() == pytest.approx(expected.sum(), rel=1e-6)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(delta=1.5), 'delta must be a fraction between 0 and 1, but got 1.5'),
        (dict(interval=0), 'interval must be a positive integer, but got 0'),
        (dict(interval=2.0), 'interval must be a positive integer, but got 2.0'),
        (dict(interval=True), 'interval must be a positive integer, but got True'),
        (dict(guards='Revisit'), "guards must be a list, but got 'Revisit'; write for example"),
        (dict(target_savings=1), 'target_savings must be below 1, but got 1'),
    ],
)
def test_wrong_options_raise_one_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        Planner(EpsilonGreedy(), **options)


def test_a_target_needs_the_length_of_the_run():
    with pytest.raises(ValueError, match='target_savings needs the number of epochs of the run'):
        plan(EpsilonGreedy(), max_epochs=None, target_savings=0.3)


def test_parts_are_the_pruner_and_its_guards():
    guards = [Revisit(), MinFraction()]
    pruner = InfoBatch()
    assert Planner(pruner, guards=guards).parts == (pruner, *guards)
