"""DynamicRandom, StaticRandom, FewerPasses and NoPruning: methods that look at no score."""

import numpy as np

from bls_mm.pruners import DynamicRandom, FewerPasses, NoPruning, StaticRandom
from bls_mm.samplers.plan import epoch_generator

SCORES, UNSEEN = np.zeros(1000, dtype=np.float32), np.zeros(1000, dtype=np.int16)


def kept(pruner, epoch, seed=0):
    rng = epoch_generator(seed, epoch, 0)
    return pruner.select(SCORES, UNSEEN, epoch, 10, rng).indices


def test_dynamic_random_draws_anew_in_each_epoch():
    draws = [kept(DynamicRandom(0.3), epoch) for epoch in range(3)]
    assert all(len(draw) == 700 for draw in draws)
    shared = len(np.intersect1d(draws[0], draws[1]))
    assert 450 < shared < 530  # 490 expected of two independent draws


def test_static_random_keeps_one_uniform_subset_that_the_seed_of_the_run_decides():
    draws = [kept(StaticRandom(0.3), epoch) for epoch in range(10)]
    assert len(draws[0]) == 700
    assert all(np.array_equal(draws[0], draw) for draw in draws)
    assert not np.array_equal(draws[0], np.arange(700))
    assert 300 < (draws[0] < 500).sum() < 400  # not the first ones
    assert not np.array_equal(draws[0], kept(StaticRandom(0.3), 0, seed=1))


def test_no_pruning_keeps_all():
    assert len(kept(NoPruning(), 5)) == 1000


def test_fewer_passes_are_whole_passes():
    pruner = FewerPasses(0.3)
    draws = [kept(pruner, epoch) for epoch in range(10)]  # 7 passes
    assert all(len(draw) == 700 for draw in draws)
    times = np.cumsum([np.bincount(draw, minlength=1000) for draw in draws], axis=0)
    assert (times.max(axis=1) - times.min(axis=1) <= 1).all()
    assert (times[-1] == 7).all()
    assert not np.array_equal(draws[0], np.arange(700))


def test_fewer_passes_go_on_where_they_were():
    one, other = FewerPasses(0.45), FewerPasses(0.45)
    for epoch in range(3):
        kept(one, epoch)
    other.load_state_dict(one.state_dict())
    kept(one, 3)  # a state that was taken does not change any more
    resumed = kept(other, 3)
    again = FewerPasses(0.45)
    assert [kept(again, epoch) for epoch in range(4)][3].tolist() == resumed.tolist()
