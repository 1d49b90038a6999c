import numpy as np
import pytest
import torch
from trained_sampler import NUM, PRUNERS, make, train_epoch

from bls_mm.planning import epoch_plan
from bls_mm.pruners import Pruner
from bls_mm.samplers import BLSSampler


@pytest.mark.parametrize('pruner', PRUNERS)
def test_every_kept_sample_comes_exactly_once(pruner):
    sampler = make(pruner)
    for epoch in range(10):
        order = train_epoch(sampler, epoch)
        assert len(order) == len(sampler)
        assert sorted(order) == sampler.plan.indices.tolist()
        assert all(isinstance(index, int) for index in order)


@pytest.mark.parametrize('pruner', PRUNERS)
def test_same_seed_gives_the_same_run(pruner):
    runs = [[train_epoch(sampler, e) for e in range(6)] for sampler in (make(pruner), make(pruner))]
    assert runs[0] == runs[1]
    other = make(pruner, seed=1)
    assert [train_epoch(other, e) for e in range(6)] != runs[0]


def test_order_changes_with_the_epoch_and_stays_if_iterated_again():
    sampler = make('NoPruning')
    first = train_epoch(sampler, 0)
    assert list(sampler) == list(sampler) == first
    assert train_epoch(sampler, 1) != first


def test_plan_stays_while_its_epoch_runs():
    sampler = make('EpsilonGreedy')
    train_epoch(sampler, 0)
    sampler.set_epoch(1)
    order, length = list(sampler), len(sampler)
    for index in order:
        sampler.update([index], float(index))
    sampler.set_epoch(1)
    assert (list(sampler), len(sampler)) == (order, length)


def test_set_epoch_scores_pending_losses_before_it_plans():
    sampler = make('EpsilonGreedy')
    train_epoch(sampler, 0)
    assert not sampler.scorer.visits.any()  # no side effect of reading the scorer
    sampler.set_epoch(1)
    assert sampler.scorer.visits.all()
    assert sampler.plan.num_kept < NUM


def test_run_prunes_after_the_first_epoch_and_anneals_on_all():
    sampler = make('InfoBatch')
    lengths = [len(train_epoch(sampler, epoch)) for epoch in range(10)]
    assert lengths[0] == lengths[9] == NUM  # the first epoch; delta 0.875 of 10 epochs
    assert all(length < NUM for length in lengths[1:9])
    assert sampler.kept_fraction == 1
    assert sampler.planning_seconds > 0


class ChangesScores(Pruner):
    def prune(self, scores, scored, rng, progress):
        scores[~scored] = -np.inf
        return scored, None


def test_a_pruner_cannot_change_the_scores():
    sampler = BLSSampler(range(NUM), pruner=ChangesScores(), max_epochs=4)
    sampler.set_epoch(0)
    sampler.update([0, 1], 1.0)
    with pytest.raises(ValueError, match='read-only'):
        sampler.set_epoch(1)
    assert (sampler.scorer.scores >= 0).all()


def test_data_set_that_changes_its_length_is_refused():
    samples = list(range(NUM))
    sampler = BLSSampler(samples, max_epochs=4)
    samples.pop()
    with pytest.raises(ValueError, match='the training set has changed its length from 101 to 100'):
        sampler.set_epoch(0)


def test_data_set_without_a_length_is_refused():
    with pytest.raises(TypeError, match='dataset must have a length, but generator has none'):
        BLSSampler(index for index in range(3))


def test_full_plan_replaces_the_plan_of_the_epoch():
    sampler = make('DynamicRandom')
    sampler.set_epoch(2)
    assert sampler.kept_fraction == len(sampler) / NUM < 1
    sampler.state.use_full_plan()
    assert (sampler.epoch, sampler.kept_fraction) == (2, 1)
    assert set(sampler) == set(range(NUM))


def test_runs_of_contiguous_samples_stay_together():
    sampler = make('DynamicRandom', num=200_000, run_length=64)
    sampler.set_epoch(1)
    order = np.array(list(sampler))
    assert sorted(order.tolist()) == sampler.plan.indices.tolist()
    place = np.argsort(order)[:6000]
    assert np.median(np.abs(np.diff(place))) < 20_000


def test_length_is_full_until_the_first_plan():
    assert len(make('StaticRandom')) == NUM


@pytest.mark.parametrize('world_size', [2, 3, 4])
@pytest.mark.parametrize('num', [2, 5, 101])
def test_ranks_agree_and_have_equal_lengths(world_size, num):
    samplers = [
        make('DynamicRandom', num=num, rank=rank, world_size=world_size)
        for rank in range(world_size)
    ]
    for sampler in samplers:
        sampler.set_epoch(3)
    orders = [list(sampler) for sampler in samplers]
    assert {len(order) for order in orders} == {len(samplers[0])}
    kept = samplers[0].plan.indices
    assert set(np.concatenate(orders).tolist()) == set(kept.tolist())


def test_order_ascends_without_shuffle():
    sampler = make('DynamicRandom', shuffle=False)
    order = train_epoch(sampler, 1)
    assert order == sorted(order)


def test_weights_follow_their_samples_through_the_shuffle():
    sampler = make('InfoBatch')
    train_epoch(sampler, 0)
    sampler.set_epoch(1)
    by_sample = dict(zip(sampler.plan.indices.tolist(), sampler.plan.weights.tolist()))
    order = list(sampler)
    assert sampler.weights_of(order).tolist() == [by_sample[index] for index in order]
    assert {1.0, 2.0} == set(by_sample.values())
    assert make('SeTa').weights_of([1, 2]) is None


def test_pruner_of_a_user():
    class Odd(Pruner):
        def prune(self, scores, scored, rng, progress):
            return np.arange(len(scores)) % 2 == 1, None

    sampler = BLSSampler(range(6), pruner=Odd(), seed=0, max_epochs=9)
    train_epoch(sampler, 0)
    sampler.set_epoch(1)
    assert sampler.plan.indices.tolist() == [1, 3, 5]


def test_epoch_without_samples_trains_on_all(monkeypatch):
    messages = []
    monkeypatch.setattr(epoch_plan, 'print_log', lambda message, *_: messages.append(message))

    class Nothing(Pruner):
        def prune(self, scores, scored, rng, progress):
            return np.zeros(len(scores), dtype=bool), None

    sampler = BLSSampler(range(6), pruner=Nothing(), seed=0, max_epochs=9)
    train_epoch(sampler, 0)
    sampler.set_epoch(1)
    assert sorted(sampler) == list(range(6))
    assert 'keeps no sample in epoch 2, so the epoch trains on all samples' in messages[0]


@pytest.mark.parametrize('num', [1, 5, 9])
def test_no_epoch_ends_with_a_batch_of_one_if_that_is_to_be_avoided(num):
    sampler = make('NoPruning', num)
    sampler.avoid_singleton_batch(4)
    sampler.set_epoch(0)
    assert len(list(sampler)) == len(sampler) == num + 1
    assert set(sampler) == set(range(num))
    sampler.avoid_singleton_batch(None)
    assert len(sampler) == num


def test_losses_of_several_ranks_wait_for_sync_but_errors_do_not():
    sampler = make('SeTa', world_size=2, scorer=dict(type='SampleLossScorer'))
    with pytest.raises(ValueError, match='needs the loss of each sample'):
        sampler.update([1, 2], 0.5)
    sampler.update([1, 2], torch.tensor([0.5, 0.25]))
    assert not sampler.scorer.visits.any()
    sampler.sync()
    assert sampler.scorer.visits[:4].tolist() == [0, 1, 1, 0]


def test_single_rank_scores_a_round_of_losses_by_itself():
    """So pending losses take a bounded amount of memory, however long an epoch is."""
    sampler = make('NoPruning', num=1000)
    for _ in range(200):
        sampler.update(range(1000), 1.0)
    assert sampler.scorer.visits.min() >= 131  # 131,072 samples make a round
