"""Sharded scores, on ranks that are threads: nothing else of a run changes."""

import numpy as np
import pytest
import torch
from placed_sampler import (
    NUM,
    PRUNERS,
    SIZE,
    loss_of,
    make,
    on_one_rank,
    train_epoch,
)
from threads import Ranks
from torch.utils.data import BatchSampler

from bls_mm.distributed import PLACEMENTS, Sharded


@pytest.mark.parametrize('pruner', PRUNERS)
@pytest.mark.parametrize('round_up', [True, False])
def test_ranks_get_equally_many_of_their_own_samples(ranks, pruner, round_up):
    def run(rank):
        sampler = make(pruner, round_up=round_up)
        orders = [train_epoch(sampler, epoch) for epoch in range(3)]
        assert [len(order) for order in orders[2:]] == [len(sampler)]
        kept = sampler.state.placement.samples_at(sampler.plan.indices)
        assert set(orders[2]) <= set(kept)
        assert not round_up or set(orders[2]) == set(kept)
        assert len(set(orders[2])) == min(len(kept), len(orders[2]))  # none repeats too early
        plan = sampler.plan
        return orders, plan.num_kept, len(plan.indices), plan.mean_weight

    orders, num_kept, kept_here, weights = zip(*ranks.run(run))
    for epoch in range(3):
        assert len({len(of_rank[epoch]) for of_rank in orders}) == 1
    assert len(set(num_kept)) == len(set(weights)) == 1
    assert num_kept[0] == sum(kept_here) < NUM
    extreme = max if round_up else min
    assert len(orders[0][2]) == extreme(kept_here)
    assert not set(orders[0][2]) & set(orders[1][2])
    assert orders[0][2] != sorted(orders[0][2])


@pytest.mark.parametrize('pruner', ['NoPruning', 'SeTa of all', 'UCB'])
def test_plan_is_that_of_one_rank_with_the_same_losses(ranks, pruner, monkeypatch):
    """Every rank scores its batches; then one sampler gets all of them, in the same order."""

    def run(rank):
        sampler = make(pruner)
        order = train_epoch(sampler, 0)
        state = sampler.state_dict() if rank == 0 else None
        sampler.set_epoch(1)
        return order, state, sampler.state.placement.samples_at(sampler.plan.indices)

    orders, states, kept = zip(*ranks.run(run))
    batches = [list(BatchSampler(order, 4, drop_last=False)) for order in orders]

    def run_alone(rank):
        sampler = make(pruner, 'replicated')
        sampler.set_epoch(0)
        for row in zip(*batches):
            for batch in row:
                sampler.update(batch, loss_of(batch))
        sampler.set_epoch(1)
        return sampler.scorer.scores, sampler.scorer.visits, sampler.plan.indices

    [(scores, visits, kept_alone)] = on_one_rank(monkeypatch, run_alone)
    torch.testing.assert_close(states[0]['scorer']['scores'], scores)
    assert torch.equal(states[0]['scorer']['visits'], visits)
    kept = np.sort(np.concatenate(kept))
    if pruner == 'UCB':  # draws among scores that are equal in float16
        kept, kept_alone = (np.sort(scores.half()[indices]) for indices in (kept, kept_alone))
    np.testing.assert_array_equal(kept, kept_alone)


@pytest.mark.parametrize('pruner', PRUNERS)
def test_resume_is_bit_for_bit(ranks, pruner):
    def run(rank):
        sampler = make(pruner)
        for epoch in range(3):
            train_epoch(sampler, epoch)
        state = sampler.state_dict() if rank == 0 else None
        return state, [train_epoch(sampler, epoch) for epoch in range(3, 6)]

    states, orders = zip(*ranks.run(run))

    def resume(rank):
        sampler = make(pruner)
        sampler.load_state_dict(states[0])
        return list(sampler), [train_epoch(sampler, epoch) for epoch in range(3, 6)]

    plans, resumed = zip(*ranks.run(resume))
    assert resumed == orders
    assert len({len(plan) for plan in plans}) == 1


@pytest.mark.parametrize('pruner', PRUNERS)
def test_another_number_of_ranks_resumes(ranks, pruner, monkeypatch, tmp_path):
    def run(rank):
        sampler = make(pruner)
        for epoch in range(2):
            train_epoch(sampler, epoch)
        return sampler.state_dict() if rank == 0 else None

    torch.save(ranks.run(run)[0], tmp_path / 'state.pth')
    state = torch.load(tmp_path / 'state.pth', weights_only=True)

    def resume(placement):
        sampler = make(pruner, placement)
        sampler.load_state_dict(state)
        sampler.plan_epoch(2, 10)
        return sampler.plan.num_kept, sampler.scorer.scores

    two = Ranks(2)
    two.replace_collectives(monkeypatch)
    (num_kept, _), (_, scores) = two.run(lambda rank: resume('sharded'))
    whole = state['scorer']['scores']
    np.testing.assert_array_equal(scores, Sharded(NUM, 1, 2).take(whole.numpy()))

    [(num_kept_alone, scores)] = on_one_rank(monkeypatch, lambda rank: resume('replicated'))
    assert torch.equal(scores, whole)
    assert abs(num_kept_alone - num_kept) < 0.03 * NUM  # SeTa groups a random fraction


def test_losses_that_are_not_finite_are_counted_over_all_ranks(ranks):
    def run(rank):
        sampler = make()
        sampler.set_epoch(0)
        order = list(sampler)
        sampler.update(order[:2], float('nan') if rank != 1 else 5.0)
        sampler.update(order[2:4], 7.0)
        sampler.sync()
        never_scored = sampler.scorer.scores[sampler.scorer.visits == 0]
        return sampler.scorer.skipped, set(never_scored.tolist())

    assert ranks.run(run) == [(2, {5.0})] * SIZE  # all scores start at the first finite loss


def test_rank_without_batches_syncs_with_the_others(ranks):
    def run(rank):
        sampler = make()
        sampler.sync()
        if rank == 2:
            sampler.update(list(sampler)[:1], 3.0)
        sampler.sync()
        return float(sampler.scorer.scores[0])

    assert ranks.run(run) == [3.0] * SIZE


def test_only_rank_0_has_a_state_and_only_after_gathering(ranks):
    def run(rank):
        sampler = make()
        for is_gathered in (False, True):
            if rank or not is_gathered:
                with pytest.raises(RuntimeError, match='only rank 0 has the state of all samples'):
                    sampler.state_dict()
            sampler.gather_state()
        return rank > 0 or len(sampler.state_dict()['scorer']['scores'])

    assert ranks.run(run) == [NUM, True, True]


def test_one_rank_holds_all_scores_with_every_placement():
    samplers = [make(placement=placement) for placement in PLACEMENTS]
    for epoch in range(3):
        assert len({len(train_epoch(sampler, epoch)) for sampler in samplers}) == 1
    assert {sampler.state.placement.local_size for sampler in samplers} == {NUM}
