"""EpsilonGreedy, UCB, OrderDP, Kakurenbo, SelectiveBackprop: what keeps those of high rank."""

import numpy as np
import pytest

from bls_mm.pruners import UCB, EpsilonGreedy, Kakurenbo, OrderDP, SelectiveBackprop


def select(pruner, scores, visits=None, epoch=1, seed=0):
    scores = np.asarray(scores, dtype=np.float32)
    visits = np.ones(len(scores), dtype=np.int16) if visits is None else np.asarray(visits)
    return pruner.select(scores, visits, epoch, 100, np.random.default_rng(seed)).indices.tolist()


def test_epsilon_greedy_by_hand():
    # 20 samples, 10 stay: the 8 highest for certain, 2 of the other 12 at random.
    pruner = EpsilonGreedy(prune_ratio=0.5, epsilon=0.2)
    draws = [select(pruner, range(20), seed=seed) for seed in range(300)]
    assert all(len(kept) == 10 and kept[2:] == list(range(12, 20)) for kept in draws)
    rest = np.bincount([i for kept in draws for i in kept[:2]], minlength=12)
    assert np.abs(rest - 50).max() < 30  # each of the rest about as often


def test_epsilon_greedy_without_epsilon_is_greedy():
    assert select(EpsilonGreedy(0.5, epsilon=0), [3, 1, 2, 4]) == [0, 3]


def test_ucb_by_hand():
    # decay 0.5: sample 0 jumps 0 -> 4: mean 2, variance 8; sample 1 stays at 5; sample 2 at 1.
    pruner = UCB(prune_ratio=0.6, confidence=1.0, decay=0.5)
    assert select(pruner, [0, 5, 1], [1, 1, 1]) == [1]
    assert select(pruner, [4, 5, 1], [2, 2, 1], epoch=2) == [0]  # 2 + 8 beats 5 + 0
    np.testing.assert_array_equal(pruner.mean, [2, 5, 1])
    np.testing.assert_allclose(pruner.deviation.astype(float) ** 2, [8, 0, 0], rtol=1e-3)


def test_ucb_without_confidence_ranks_by_the_mean():
    pruner = UCB(prune_ratio=0.6, confidence=0, decay=0.5)
    select(pruner, [0, 5, 1], [1, 1, 1])
    assert select(pruner, [4, 5, 1], [2, 2, 1], epoch=2) == [1]


def test_ucb_learns_nothing_from_a_sample_it_did_not_see():
    pruner = UCB(decay=0.5)
    select(pruner, [1, 2], [1, 1])
    select(pruner, [7, 2], [1, 2], epoch=2)  # a score without a new visit
    np.testing.assert_array_equal(pruner.mean, [1, 2])


def test_ucb_ranks_as_in_double_precision_but_for_its_rounding():
    rng = np.random.default_rng(0)
    pruner, mean, variance = UCB(prune_ratio=0.3), np.zeros(5000), np.zeros(5000)
    for epoch in range(6):
        scores = rng.gamma(2, 1, 5000).astype(np.float32)
        surprise = scores - mean
        variance = 0.2 * variance + 0.8 * surprise**2 if epoch else variance
        mean = mean + 0.8 * surprise if epoch else scores.astype(float)
        kept = select(pruner, scores, np.full(5000, epoch + 1), epoch)
        rank = mean + variance
        assert rank[kept].min() > (1 - 3e-3) * np.sort(rank)[-len(kept)]


def test_ucb_survives_scores_beyond_half_precision():
    pruner = UCB(prune_ratio=0.5)
    for epoch in range(3):
        kept = select(pruner, [1e6, 1, 2, 0.5], np.full(4, epoch + 1), epoch)
        assert kept == [0, 2]


def test_ucb_state_survives_a_round_trip():
    rng = np.random.default_rng(0)
    one, other = UCB(), UCB()
    for epoch in range(3):
        scores = rng.random(50)
        select(one, scores, np.full(50, epoch + 1), epoch)
    other.load_state_dict(one.state_dict())
    scores = rng.random(50)
    kept = [select(pruner, scores, np.full(50, 4), 3) for pruner in (one, other)]
    assert kept[0] == kept[1]


def test_order_dp_by_hand():
    # Of 20 samples a pool of 10, of which the 6 highest stay.
    draws = [select(OrderDP(pool=0.5, prune_ratio=0.4), range(20), seed=s) for s in range(500)]
    assert all(len(kept) == 6 for kept in draws)
    times = np.bincount([i for kept in draws for i in kept], minlength=20) / 500
    # The highest stays whenever it is in the pool, the four lowest never.
    assert abs(times[19] - 0.5) < 0.07
    assert not times[:4].any()
    # The fifth lowest stays if it and no four of the lower ones are in the pool: a hypergeometric.
    assert 0 < times[5] < times[10] < times[15]


def test_order_dp_with_the_whole_pool_is_greedy():
    assert select(OrderDP(pool=1, prune_ratio=0.5), [3, 1, 2, 4]) == [0, 3]


def test_kakurenbo_by_hand():
    pruner = Kakurenbo(prune_ratio=0.4, factors=(1, 0.5), hidden_for=2)  # 4 of 10, later 2 of 10
    scores = np.arange(10.0)
    assert select(pruner, scores, epoch=1) == [4, 5, 6, 7, 8, 9]
    scores[4:6] = 0.5, 4.5  # 4 is now among the four lowest; 3 no longer
    assert select(pruner, scores, epoch=2) == [3, 5, 6, 7, 8, 9]
    scores[3] = 0.9  # 3 was trained and fell; 0, 1, 2 were hidden for two epochs, and come back
    assert select(pruner, scores, epoch=3) == [0, 1, 2, 5, 6, 7, 8, 9]
    scores[:3] = -1, 0.2, 3  # 0 and 1 fell; 4 was hidden twice, and comes back
    assert select(pruner, scores, epoch=4) == [2, 4, 5, 6, 7, 8, 9]
    scores[4] = 0.3
    assert select(pruner, scores, epoch=50) == [2, 3, 4, 5, 6, 7, 8, 9]  # the second half: 0 and 1


def test_kakurenbo_moves_back_what_became_harder():
    pruner = Kakurenbo(prune_ratio=0.4)
    select(pruner, [5, 5, 5, 1, 2])
    assert select(pruner, [5, 3, 1.8, 1.5, 2], epoch=2) == [0, 1, 3, 4]  # 2, 3 lowest, 3 rose


def test_kakurenbo_goes_on_where_it_was():
    rng = np.random.default_rng(0)
    one, other = Kakurenbo(), Kakurenbo()
    for epoch in range(3):
        select(one, rng.random(50), epoch=epoch)
    other.load_state_dict(one.state_dict())
    scores = rng.random(50)
    assert select(one, scores, epoch=3) == select(other, scores, epoch=3)


@pytest.mark.parametrize('pruner_type', [UCB, EpsilonGreedy])
def test_interval_keeps_the_selection_in_between(pruner_type):
    pruner = pruner_type(prune_ratio=0.5, interval=3)
    rng = np.random.default_rng(0)
    kept = [
        select(pruner, rng.random(40), np.full(40, epoch + 1), epoch, epoch) for epoch in range(6)
    ]
    assert kept[0] == kept[1] == kept[2] != kept[3] == kept[4] == kept[5]


@pytest.mark.parametrize('pruner_type', [UCB, EpsilonGreedy])
def test_to_keep_all_for_want_of_scores_lasts_one_epoch(pruner_type):
    pruner = pruner_type(prune_ratio=0.5, interval=3)
    scores, rng = np.arange(10, dtype=np.float32), np.random.default_rng(0)
    first = pruner.select(scores, np.zeros(10, dtype=np.uint8), 0, None, rng)
    second = pruner.select(scores, np.ones(10, dtype=np.uint8), 1, None, rng)
    assert (first.num_kept, second.num_kept) == (10, 5)


def test_bad_options_are_one_sentence():
    with pytest.raises(ValueError, match='confidence must be at least 0, but got -1'):
        UCB(confidence=-1)
    with pytest.raises(ValueError, match='epsilon must be a share between 0 and 1, but got 2'):
        EpsilonGreedy(epsilon=2)
    with pytest.raises(ValueError, match='interval must be a positive number of epochs'):
        UCB(interval=0)


@pytest.mark.parametrize('prune_ratio', [0.2, 0.5, 0.7])
def test_selective_backprop_keeps_by_rank_with_the_probability_of_the_paper(prune_ratio):
    # Whatever the scores are, only their order counts.
    order = np.random.default_rng(1).permutation(2000)
    scores = np.exp(order / 300)
    pruner = SelectiveBackprop(prune_ratio)
    kept = [select(pruner, scores, seed=seed) for seed in range(100)]
    assert {len(indices) for indices in kept} == {round(2000 * (1 - prune_ratio))}
    often = np.zeros(2000)
    often[order] = np.bincount(np.concatenate(kept), minlength=2000) / 100  # easiest first
    chance = ((np.arange(2000) + 0.5) / 2000) ** (prune_ratio / (1 - prune_ratio))
    np.testing.assert_allclose(
        often.reshape(10, 200).mean(axis=1), chance.reshape(10, 200).mean(axis=1), atol=0.02
    )


def test_selective_backprop_of_equal_scores_is_uniform():
    kept = [select(SelectiveBackprop(0.5), np.ones(20), seed=seed) for seed in range(400)]
    assert np.abs(np.bincount(np.concatenate(kept), minlength=20) - 200).max() < 60
