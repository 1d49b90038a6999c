import numpy as np
import pytest

from bls_mm.pruners import Progress, RePB
from bls_mm.samplers import BLSSampler

EASY, HARD = 600, 200
SCORES = np.array([1] * EASY + [9] * HARD, dtype=np.float32)


def prune(pruner, visits, epoch, scores=SCORES, seed=0):
    """Returns the mask and the weights of an epoch."""
    scores = pruner.rank_by(scores, np.asarray(visits, dtype=np.int16))
    scored = np.asarray(visits) > 0
    return pruner.prune(scores, scored, np.random.default_rng(seed), Progress(epoch, 10))


def test_used_samples_below_their_mean_stay_by_chance():
    mask, weights = prune(RePB(prune_ratio=0.25), np.ones(EASY + HARD), 1)
    assert mask[:EASY].sum() == 450
    assert mask[EASY:].all()
    assert set(weights) == {1}


def test_samples_that_were_not_used_return_by_chance_whatever_their_scores():
    pruner = RePB(prune_ratio=0.5)
    visits = np.ones(EASY + HARD, dtype=np.int16)
    prune(pruner, visits, 1)
    visits[:400] += 1  # all used samples have the same score, none is below the mean
    mask, _ = prune(pruner, visits, 2)
    assert mask[:400].all()
    assert mask[400:].sum() == 200
    assert 50 < mask[EASY:].sum() < 150  # hard ones as likely as easy ones: 100 expected


def test_weight_is_epochs_by_uses():
    pruner = RePB()
    visits = np.array([4, 3, 2, 1] * 200, dtype=np.int16)
    _, weights = prune(pruner, visits, 4)
    np.testing.assert_allclose(weights[:4], [1, 4 / 3, 2, 4])
    assert prune(RePB(reweight=False), visits, 4)[1] is None


def test_weights_count_epochs_since_scores_were_forgotten():
    pruner = RePB()
    visits = np.zeros(EASY + HARD, dtype=np.int16)
    prune(pruner, visits, 20)
    visits += 1
    assert set(prune(pruner, visits, 21)[1]) == {1}
    visits[::2] += 1
    assert set(prune(pruner, visits, 22)[1]) == {1, 2}
    resumed = RePB()
    resumed.load_state_dict(dict(visits=pruner.state_dict()['visits']))  # of version 0.1
    visits[::2] += 1
    assert set(prune(resumed, visits, 23)[1]) == {1, 3}


def test_unscored_samples_are_neither_used_nor_resampled():
    visits = np.array([0] * 100 + [1] * 700)
    mask, _ = prune(RePB(), visits, 1)
    assert mask[:100].all()


def test_epoch_without_a_score_does_not_fail():
    pruner = RePB()
    visits = np.ones(EASY + HARD)
    prune(pruner, visits, 1)
    mask, _ = prune(pruner, visits, 2)
    assert mask.sum() == 400


def test_state_continues_the_run():
    whole, resumed = RePB(), RePB()
    visits = np.ones(EASY + HARD, dtype=np.int16)
    prune(whole, visits, 1)
    resumed.load_state_dict(whole.state_dict())
    visits[::2] += 1
    for one, other in zip(prune(whole, visits, 2), prune(resumed, visits, 2)):
        np.testing.assert_array_equal(one, other)


def test_weights_balance_how_often_samples_were_used():
    """In the sum over a run, each sample counts about as often as without pruning."""
    epochs, num = 40, 200
    sampler = BLSSampler(range(num), pruner=dict(type='RePB'), seed=0, max_epochs=epochs)
    difficulty = np.random.default_rng(0).gamma(2, 1, num)
    used, counted = np.zeros((2, num))
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        order = list(sampler)
        weights = sampler.weights_of(order)
        used[order] += 1
        counted[order] += 1 if weights is None else weights
        for index in order:
            sampler.update([index], float(difficulty[index]))
    assert used.min() < 0.65 * epochs < 0.9 * epochs < used.max()
    assert np.corrcoef(used, difficulty)[0, 1] > 0.6
    assert counted.mean() == pytest.approx(epochs, rel=0.2)
    assert counted.std() / counted.mean() < 0.5 * used.std() / used.mean()
