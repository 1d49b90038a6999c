"""EpsilonGreedy, UCB, OrderDP, Kakurenbo, SelectiveBackprop: the methods that rank samples."""

import numpy as np
import pytest

from bls_mm.planning import Planner
from bls_mm.pruners import (
    UCB,
    EpsilonGreedy,
    InfoBatch,
    Kakurenbo,
    OrderDP,
    Progress,
    SelectiveBackprop,
)


def prune(pruner, scores, visits=None, epoch=1, seed=0):
    """Returns the indices of the kept samples in an epoch of 100."""
    scores = np.asarray(scores, dtype=np.float32)
    visits = np.ones(len(scores), dtype=np.int16) if visits is None else np.asarray(visits)
    values = pruner.rank_by(scores, visits)
    rng = np.random.default_rng(seed)
    mask, weights = pruner.prune(values, visits > 0, rng, Progress(epoch, 100))
    assert weights is None
    return np.flatnonzero(mask).tolist()


def test_epsilon_greedy_keeps_the_highest_scores_and_some_at_random():
    # 10 of 20 samples are kept: the 8 highest, and 2 of the other 12 at random.
    pruner = EpsilonGreedy(prune_ratio=0.5, epsilon=0.2)
    draws = [prune(pruner, range(20), seed=seed) for seed in range(300)]
    assert all(len(kept) == 10 and kept[2:] == list(range(12, 20)) for kept in draws)
    rest = np.bincount([i for kept in draws for i in kept[:2]], minlength=12)
    assert np.abs(rest - 50).max() < 30  # uniform among the others


def test_epsilon_greedy_without_epsilon_is_greedy():
    assert prune(EpsilonGreedy(0.5, epsilon=0), [3, 1, 2, 4]) == [0, 3]


def test_ucb_ranks_by_mean_plus_variance():
    # decay 0.5: sample 0 changes from 0 to 4: mean 2, variance 8. Samples 1 and 2 do not change.
    pruner = UCB(prune_ratio=0.6, confidence=1.0, decay=0.5)
    assert prune(pruner, [0, 5, 1], [1, 1, 1]) == [1]
    assert prune(pruner, [4, 5, 1], [2, 2, 1], epoch=2) == [0]  # 2 + 8 is more than 5 + 0
    np.testing.assert_array_equal(pruner.mean, [2, 5, 1])
    np.testing.assert_allclose(pruner.deviation.astype(float) ** 2, [8, 0, 0], rtol=1e-3)


def test_ucb_without_confidence_ranks_by_the_mean():
    pruner = UCB(prune_ratio=0.6, confidence=0, decay=0.5)
    prune(pruner, [0, 5, 1], [1, 1, 1])
    assert prune(pruner, [4, 5, 1], [2, 2, 1], epoch=2) == [1]


def test_ucb_does_not_update_samples_without_a_new_visit():
    pruner = UCB(decay=0.5)
    prune(pruner, [1, 2], [1, 1])
    prune(pruner, [7, 2], [1, 2], epoch=2)  # a new score without a new visit
    np.testing.assert_array_equal(pruner.mean, [1, 2])


def test_ucb_ranks_as_in_double_precision_but_for_rounding():
    rng = np.random.default_rng(0)
    pruner, mean, variance = UCB(prune_ratio=0.3), np.zeros(5000), np.zeros(5000)
    for epoch in range(6):
        scores = rng.gamma(2, 1, 5000).astype(np.float32)
        change = scores - mean
        variance = 0.2 * variance + 0.8 * change**2 if epoch else variance
        mean = mean + 0.8 * change if epoch else scores.astype(float)
        kept = prune(pruner, scores, np.full(5000, epoch + 1), epoch)
        bound = mean + variance
        assert bound[kept].min() > (1 - 3e-3) * np.sort(bound)[-len(kept)]


def test_ucb_accepts_scores_beyond_the_range_of_float16():
    pruner = UCB(prune_ratio=0.5)
    for epoch in range(3):
        kept = prune(pruner, [1e6, 1, 2, 0.5], np.full(4, epoch + 1), epoch)
        assert kept == [0, 2]


def test_ucb_resumes_from_its_state():
    rng = np.random.default_rng(0)
    one, other = UCB(), UCB()
    for epoch in range(3):
        scores = rng.random(50)
        prune(one, scores, np.full(50, epoch + 1), epoch)
    other.load_state_dict(one.state_dict())
    scores = rng.random(50)
    kept = [prune(pruner, scores, np.full(50, 4), 3) for pruner in (one, other)]
    assert kept[0] == kept[1]


def test_order_dp_keeps_the_highest_scores_of_a_random_pool():
    # The pool has 10 of 20 samples; the 6 highest are kept.
    draws = [prune(OrderDP(pool=0.5, prune_ratio=0.4), range(20), seed=s) for s in range(500)]
    assert all(len(kept) == 6 for kept in draws)
    times = np.bincount([i for kept in draws for i in kept], minlength=20) / 500
    # The highest is kept whenever it is in the pool; the four lowest never are.
    assert abs(times[19] - 0.5) < 0.07
    assert not times[:4].any()
    # The others are kept if at least four lower ones are in the pool: hypergeometric.
    assert 0 < times[5] < times[10] < times[15]


def test_order_dp_with_all_samples_in_the_pool_is_greedy():
    assert prune(OrderDP(pool=1, prune_ratio=0.5), [3, 1, 2, 4]) == [0, 3]


def test_kakurenbo_hides_the_lowest_scores_for_a_limited_time():
    pruner = Kakurenbo(prune_ratio=0.4, factors=(1, 0.5), hidden_for=2)  # 4 of 10, later 2 of 10
    scores = np.arange(10.0)
    assert prune(pruner, scores, epoch=1) == [4, 5, 6, 7, 8, 9]
    scores[4:6] = 0.5, 4.5  # 4 is now among the four lowest; 3 is not
    assert prune(pruner, scores, epoch=2) == [3, 5, 6, 7, 8, 9]
    scores[3] = 0.9  # 3 was trained and fell; 0, 1, 2 were hidden twice and come back
    assert prune(pruner, scores, epoch=3) == [0, 1, 2, 5, 6, 7, 8, 9]
    scores[:3] = -1, 0.2, 3  # 0 and 1 fell; 4 was hidden twice and comes back
    assert prune(pruner, scores, epoch=4) == [2, 4, 5, 6, 7, 8, 9]
    scores[4] = 0.3
    assert prune(pruner, scores, epoch=50) == [2, 3, 4, 5, 6, 7, 8, 9]  # second part: 0 and 1


def test_kakurenbo_keeps_candidates_with_an_increased_score():
    pruner = Kakurenbo(prune_ratio=0.4)
    prune(pruner, [5, 5, 5, 1, 2])
    # Samples 2 and 3 have the lowest scores; that of 3 increased.
    assert prune(pruner, [5, 3, 1.8, 1.5, 2], epoch=2) == [0, 1, 3, 4]


def test_kakurenbo_uses_the_first_factor_if_the_length_of_the_run_is_unknown():
    pruner, scores = Kakurenbo(prune_ratio=0.5, factors=(1, 0)), np.arange(4, dtype=np.float32)
    for max_epochs, num_kept in ((None, 2), (10, 4)):
        scored, rng = np.ones(4, dtype=bool), np.random.default_rng(0)
        mask, _ = pruner.prune(scores, scored, rng, Progress(9, max_epochs))
        assert np.count_nonzero(mask) == num_kept


def test_kakurenbo_resumes_from_its_state():
    rng = np.random.default_rng(0)
    one, other = Kakurenbo(), Kakurenbo()
    for epoch in range(3):
        prune(one, rng.random(50), epoch=epoch)
    other.load_state_dict(one.state_dict())
    scores = rng.random(50)
    assert prune(one, scores, epoch=3) == prune(other, scores, epoch=3)


@pytest.mark.parametrize(
    ('pruner_type', 'names'),
    [(UCB, {'mean', 'deviation', 'visits_then'}), (Kakurenbo, {'scores_then', 'hidden'})],
)
def test_state_has_the_names_of_version_0_1(pruner_type, names):
    pruner = pruner_type()
    assert pruner.state_dict() == {}
    prune(pruner, np.arange(50))
    assert pruner.state_dict().keys() == names


@pytest.mark.parametrize('pruner_type', [UCB, EpsilonGreedy])
class TestInterval:
    def plan(self, planner, scores, visits, epoch):
        rng = np.random.default_rng(epoch)
        return planner.plan(scores, visits, epoch, None, rng).indices.tolist()

    def test_the_same_samples_are_kept_between_two_selections(self, pruner_type):
        planner = Planner(pruner_type(prune_ratio=0.5), interval=3)
        rng = np.random.default_rng(0)
        kept = []
        for epoch in range(6):
            scores = rng.random(40).astype(np.float32)
            visits = np.full(40, epoch + 1, dtype=np.uint8)
            kept.append(self.plan(planner, scores, visits, epoch))
        assert kept[0] == kept[1] == kept[2] != kept[3] == kept[4] == kept[5]
        assert len(kept[0]) == 20

    def test_an_epoch_without_scores_is_not_repeated(self, pruner_type):
        planner = Planner(pruner_type(prune_ratio=0.5), interval=3)
        scores = np.arange(10, dtype=np.float32)
        assert len(self.plan(planner, scores, np.zeros(10, dtype=np.uint8), 0)) == 10
        assert len(self.plan(planner, scores, np.ones(10, dtype=np.uint8), 1)) == 5


@pytest.mark.parametrize(
    ('build', 'message'),
    [
        (lambda: UCB(confidence=-1), 'confidence must be a number of at least 0, but got -1'),
        (lambda: UCB(decay=1), 'decay must be below 1, but got 1'),
        (lambda: EpsilonGreedy(epsilon=2), 'epsilon must be a fraction between 0 and 1, but got 2'),
        (lambda: OrderDP(pool=0), 'pool must be above 0, but got 0'),
        (lambda: Kakurenbo(factors=()), r'factors must be a list of fractions, but got \(\)'),
        (lambda: Kakurenbo(hidden_for=255), 'hidden_for must be an integer from 1 to 254, but got'),
        (lambda: Planner(UCB(), interval=0), 'interval must be a positive'),
        (lambda: Planner(InfoBatch(), delta=1.1), 'delta must be a fraction .* but got 1.1'),
    ],
)
def test_invalid_options_raise_a_clear_error(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize('prune_ratio', [0.2, 0.5, 0.7])
def test_selective_backprop_keeps_by_rank_with_the_documented_probability(prune_ratio):
    # The values of the scores do not matter, only their order.
    order = np.random.default_rng(1).permutation(2000)
    scores = np.exp(order / 300)
    pruner = SelectiveBackprop(prune_ratio)
    kept = [prune(pruner, scores, seed=seed) for seed in range(100)]
    assert {len(indices) for indices in kept} == {round(2000 * (1 - prune_ratio))}
    frequency = np.zeros(2000)
    frequency[order] = np.bincount(np.concatenate(kept), minlength=2000) / 100  # easiest first
    probability = ((np.arange(2000) + 0.5) / 2000) ** (prune_ratio / (1 - prune_ratio))
    np.testing.assert_allclose(
        frequency.reshape(10, 200).mean(axis=1),
        probability.reshape(10, 200).mean(axis=1),
        atol=0.02,
    )


def test_selective_backprop_with_equal_scores_is_uniform():
    kept = [prune(SelectiveBackprop(0.5), np.ones(20), seed=seed) for seed in range(400)]
    assert np.abs(np.bincount(np.concatenate(kept), minlength=20) - 200).max() < 60
