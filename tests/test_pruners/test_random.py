"""DynamicRandom, StaticRandom, FewerPasses and NoPruning: the methods that need no scores."""

import numpy as np

from bls_mm.pruners import DynamicRandom, FewerPasses, NoPruning, Progress, StaticRandom

NUM = 1000
SCORES = np.zeros(NUM, dtype=np.float32)


def prune(pruner, epoch, seed=0):
    """Returns the indices of the kept samples."""
    rng = np.random.default_rng([seed, epoch])
    mask, weights = pruner.prune(SCORES, np.ones(NUM, dtype=bool), rng, Progress(epoch, 10, seed))
    assert weights is None
    return np.flatnonzero(mask)


def test_dynamic_random_draws_a_new_subset_in_each_epoch():
    draws = [prune(DynamicRandom(0.3), epoch) for epoch in range(3)]
    assert all(len(draw) == 700 for draw in draws)
    shared = len(np.intersect1d(draws[0], draws[1]))
    assert 450 < shared < 530  # 490 expected of two independent draws


def test_static_random_keeps_one_uniform_subset_that_depends_on_the_seed_only():
    draws = [prune(StaticRandom(0.3), epoch) for epoch in range(10)]
    assert len(draws[0]) == 700
    assert all(np.array_equal(draws[0], draw) for draw in draws)
    assert not np.array_equal(draws[0], np.arange(700))
    assert 300 < (draws[0] < 500).sum() < 400  # uniform, not the first samples
    assert not np.array_equal(draws[0], prune(StaticRandom(0.3), 0, seed=1))


def test_no_pruning_keeps_all():
    assert len(prune(NoPruning(), 5)) == NUM


def test_fewer_passes_uses_all_samples_equally_often():
    pruner = FewerPasses(0.3)
    draws = [prune(pruner, epoch) for epoch in range(10)]  # 7 passes
    assert all(len(draw) == 700 for draw in draws)
    times = np.cumsum([np.bincount(draw, minlength=NUM) for draw in draws], axis=0)
    assert (times.max(axis=1) - times.min(axis=1) <= 1).all()
    assert (times[-1] == 7).all()
    assert not np.array_equal(draws[0], np.arange(700))


def test_fewer_passes_resumes_from_its_state():
    one, other = FewerPasses(0.45), FewerPasses(0.45)
    for epoch in range(3):
        prune(one, epoch)
    other.load_state_dict(one.state_dict())
    prune(one, 3)  # must not change the state that the other one has loaded
    resumed = prune(other, 3)
    again = FewerPasses(0.45)
    assert [prune(again, epoch) for epoch in range(4)][3].tolist() == resumed.tolist()


def test_fewer_passes_resumes_a_checkpoint_of_version_0_1():
    pruner = FewerPasses(0.5)
    pruner.load_state_dict({'had': np.arange(NUM) < 500})
    assert prune(pruner, 1).tolist() == [*range(500, 1000)]
