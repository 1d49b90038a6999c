"""Scores that the ranks of a node share."""

import pytest
from placed_sampler import PRUNERS, SIZE, make, train_epoch


@pytest.mark.parametrize('pruner', PRUNERS)
def test_shared_scores_are_one_copy_and_otherwise_equal_replicated_ones(ranks, pruner):
    def run(placement):
        sampler = make(pruner, placement)
        orders = [train_epoch(sampler, epoch) for epoch in range(4)]
        state = sampler.state_dict()
        ranks.gather(None)  # all have read before one writes
        if ranks.rank == 0:
            sampler.scorer.scores[5] = -1
        ranks.gather(None)
        return orders, state['scorer']['skipped'], float(sampler.scorer.scores[5])

    replicated, shared = (
        ranks.run(lambda rank, placement=placement: run(placement))
        for placement in ('replicated', 'shared')
    )
    assert [rank[:2] for rank in shared] == [rank[:2] for rank in replicated]
    assert [rank[2] for rank in shared] == [-1] * SIZE
    assert [rank[2] for rank in replicated][1:] != [-1] * (SIZE - 1)


def test_shared_scores_resume_and_count_more_than_255_visits(ranks):
    def run(rank):
        sampler = make(placement='shared')
        for _ in range(300 if rank == 0 else 2):
            sampler.update([1, 2], 5.0)
        sampler.gather_state()
        visits = sampler.scorer.visits[:3].tolist()
        resumed = make(placement='shared')
        resumed.load_state_dict(sampler.state_dict())
        return visits, resumed.scorer.visits[:3].tolist()

    assert ranks.run(run) == [([0, 304, 304], [0, 304, 304])] * SIZE


def test_losses_that_are_not_finite_are_counted_once(ranks):
    def run(rank):
        sampler = make(placement='shared')
        sampler.update([rank], float('nan'))
        sampler.sync()
        return sampler.scorer.skipped

    assert ranks.run(run) == [SIZE] * SIZE


def test_a_system_without_shared_memory_raises_one_sentence(ranks, monkeypatch):
    monkeypatch.delattr('os.memfd_create')
    with pytest.raises(RuntimeError, match="placement='shared' needs Linux, but this is"):
        ranks.run(lambda rank: make(placement='shared'))
