import numpy as np
import pytest

from bls_mm.pruners import (
    UCB,
    CoverageCentric,
    DynamicRandom,
    EpsilonGreedy,
    FewerPasses,
    InfoBatch,
    Kakurenbo,
    NoPruning,
    OrderDP,
    SelectiveBackprop,
    SeTa,
    StaticRandom,
)

SCORED = [
    *(InfoBatch, SeTa, EpsilonGreedy, UCB, OrderDP, Kakurenbo, SelectiveBackprop),
    CoverageCentric,
]
PRUNERS = [NoPruning, StaticRandom, DynamicRandom, FewerPasses, *SCORED]
NUM = 997


def select(pruner, epoch=1, max_epochs=10, seed=0, visits=None):
    scores = np.random.default_rng(7).gamma(2, 1, NUM).astype(np.float32)
    visits = np.ones(NUM, dtype=np.int16) if visits is None else visits
    return pruner.select(scores, visits, epoch, max_epochs, np.random.default_rng(seed))


@pytest.mark.parametrize('pruner_type', PRUNERS)
class TestEveryPruner:
    def test_indices_ascend_and_weights_fit(self, pruner_type):
        selection = select(pruner_type())
        assert (np.diff(selection.indices) > 0).all()
        assert 0 <= selection.indices[0] <= selection.indices[-1] < NUM
        if selection.weights is not None:
            assert selection.weights.shape == selection.indices.shape
            assert (selection.weights >= 1).all()

    def test_same_generator_same_selection(self, pruner_type):
        for one, other in zip(select(pruner_type()), select(pruner_type())):
            np.testing.assert_array_equal(one, other)

    def test_scores_are_left_alone(self, pruner_type):
        scores, visits = np.ones(9, dtype=np.float32), np.ones(9, dtype=np.int16)
        scores.flags.writeable = visits.flags.writeable = False
        pruner_type().select(scores, visits, 1, 10, np.random.default_rng(0))

    @pytest.mark.parametrize('max_epochs', [1, 6, 12, 20, 36, 200])
    def test_annealing_starts_at_the_epoch_it_should(self, pruner_type, max_epochs):
        if pruner_type in (NoPruning, FewerPasses):  # which have no delta
            return
        start = -(-max_epochs * 7 // 8)
        pruner = pruner_type(delta=0.875)
        assert [e for e in range(max_epochs) if pruner.is_annealing(e, max_epochs)] == list(
            range(start, max_epochs)
        )
        for epoch in range(start, max_epochs):
            selection = select(pruner, epoch, max_epochs)
            assert selection.weights is None
            if pruner_type is not SeTa:  # which anneals on a random share
                assert len(selection.indices) == NUM

    def test_without_max_epochs_it_never_anneals(self, pruner_type):
        assert not pruner_type().is_annealing(10**6, None)


@pytest.mark.parametrize('pruner_type', SCORED)
class TestPrunersThatLookAtScores:
    def test_prune_something(self, pruner_type):
        assert len(select(pruner_type(), epoch=2).indices) < 0.95 * NUM

    def test_keep_all_samples_never_scored(self, pruner_type):
        visits = np.random.default_rng(0).integers(0, 2, NUM).astype(np.int16)
        selection = select(pruner_type(), visits=visits)
        unseen = np.flatnonzero(visits == 0)
        assert np.isin(unseen, selection.indices).all()
        assert len(selection.indices) < NUM
        if selection.weights is not None:
            assert (selection.weights[np.isin(selection.indices, unseen)] == 1).all()

    def test_keep_everything_before_the_first_score(self, pruner_type):
        selection = select(pruner_type(), epoch=0, visits=np.zeros(NUM, dtype=np.int16))
        assert len(selection.indices) == NUM
        assert selection.weights is None
