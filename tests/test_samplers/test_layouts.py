"""Scores in shards, on ranks that are threads: nothing else of a run changes."""

import numpy as np
import pytest
import torch
from threads import Ranks
from torch.utils.data import BatchSampler

from bls_mm.pruners import Guard, Pruner
from bls_mm.samplers import BLSSampler, bls_sampler
from bls_mm.samplers.layouts import LAYOUTS, Sharded

NUM, SIZE = 1003, 3
LAYOUTS_OF_ALL = ('replicated', 'shared')
PRUNERS = {
    'InfoBatch': dict(type='InfoBatch'),
    'SeTa': dict(type='SeTa'),
    'SeTa of all': dict(type='SeTa', prune_ratio=0),
    'UCB': dict(type='UCB', interval=2),
    'EpsilonGreedy': dict(type='EpsilonGreedy', interval=2),
    'SelectiveBackprop': dict(type='SelectiveBackprop'),
    'CoverageCentric': dict(type='CoverageCentric'),
    'InfoBatch steered': dict(
        type='InfoBatch', target_savings=0.3, guards=[dict(type='Revisit', epochs=2)]
    ),
    'UCB steered': dict(type='UCB', interval=2, target_savings=0.4, placebo=True),
}


@pytest.fixture
def ranks(monkeypatch):
    ranks = Ranks(SIZE)
    ranks.replace_collectives(monkeypatch)
    return ranks


def make(pruner='InfoBatch', layout='sharded', num=NUM, **options):
    if not isinstance(pruner, dict):
        pruner = PRUNERS.get(pruner, dict(type=pruner))
    sampler = BLSSampler(range(num), pruner=pruner, seed=0, layout=layout, **options)
    sampler.max_epochs = 10
    return sampler


def on_one_rank(monkeypatch, work):
    one = Ranks(1)
    one.replace_collectives(monkeypatch)
    return one.run(work)


def loss_of(batch):
    return float(np.mean(np.sin(batch)) + 2)


def train_an_epoch(sampler, epoch, batch_size=4):
    """Plans, trains, gathers; returns the samples of this rank."""
    sampler.set_epoch(epoch)
    order = list(sampler)
    for batch in BatchSampler(order, batch_size, drop_last=False):
        sampler.update(batch, loss_of(batch))
    sampler.gather_state()
    return order


@pytest.mark.parametrize('num', [5, 64, 1000, 70_001])
@pytest.mark.parametrize('size', [1, 2, 5])
def test_shards_are_disjoint_whole_and_of_equal_size(num, size):
    shards = [Sharded(num, rank, size) for rank in range(size)]
    held = [shard.samples_at(np.arange(shard.num_held)) for shard in shards]
    np.testing.assert_array_equal(np.sort(np.concatenate(held)), np.arange(num))
    assert {len(part) for part in held} <= {num // size, -(-num // size)}
    for shard, samples in zip(shards, held):
        np.testing.assert_array_equal(shard.positions_of(samples.tolist()), np.arange(len(samples)))


@pytest.mark.parametrize('period', [2, 8, 64, 1000])
def test_shards_hold_a_fair_share_of_neighbours_and_of_what_repeats(period):
    num, size = 64_000, 8
    for rank in range(size):
        shard = Sharded(num, rank, size)
        samples = shard.samples_at(np.arange(shard.num_held))
        assert (np.bincount(samples // (num // 10)) == num // 10 // size).all()
        share = np.bincount(samples % period, minlength=period) * size * period / num
        assert np.abs(share - 1).max() < 6 / np.sqrt(num / period / size)


def test_a_sample_of_another_rank_is_one_sentence():
    shard, other = Sharded(100, 0, 2), Sharded(100, 1, 2)
    mine, not_mine = (int(each.samples_at(np.array([7]))[0]) for each in (shard, other))
    with pytest.raises(IndexError, match=f'sample {not_mine} is not of the shard of rank 0; with'):
        shard.positions_of([mine, not_mine])


@pytest.mark.parametrize('dtype', [bool, np.uint8, np.int16, np.float32])
def test_gathering_is_undone_by_taking(ranks, dtype, monkeypatch):
    monkeypatch.setattr('bls_mm.samplers.layouts.ROUND', 64)
    whole = np.random.default_rng(0).integers(0, 2, NUM).astype(dtype)

    def there_and_back(rank):
        shard = Sharded(NUM, rank, SIZE)
        mine = shard.take(whole)
        gathered = shard.gather(mine)
        assert len(mine) == shard.num_held
        return gathered

    gathered = ranks.run(there_and_back)
    np.testing.assert_array_equal(gathered[0], whole)
    assert gathered[0].dtype == dtype
    assert [len(part) for part in gathered[1:]] == [0] * (SIZE - 1)


def test_visits_that_outgrew_a_byte_on_one_rank_only(ranks):
    def gather(rank):
        shard = Sharded(NUM, rank, SIZE)
        dtype = np.int16 if rank == 1 else np.uint8
        return shard.gather(np.full(shard.num_held, 300 if rank == 1 else 200, dtype=dtype))

    values, counts = np.unique(ranks.run(gather)[0], return_counts=True)
    assert values.tolist() == [200, 300]
    assert abs(counts[1] - NUM / SIZE) < 1


@pytest.mark.parametrize('pruner', PRUNERS)
@pytest.mark.parametrize('round_up', [True, False])
def test_ranks_are_equally_long_and_train_on_their_own(ranks, pruner, round_up):
    def run(rank):
        sampler = make(pruner, round_up=round_up)
        orders = [train_an_epoch(sampler, epoch) for epoch in range(3)]
        assert [len(order) for order in orders[2:]] == [len(sampler)]
        kept = sampler.shards.samples_at(sampler.selection.indices)
        assert set(orders[2]) <= set(kept)
        assert not round_up or set(orders[2]) == set(kept)
        assert len(set(orders[2])) == min(len(kept), len(orders[2]))  # none twice too early
        return orders, sampler.num_kept, sampler.selection.num_kept, sampler.mean_weight

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
def test_selects_what_one_rank_would_from_the_same_losses(ranks, pruner, monkeypatch):
    """Every rank scores its batches; then one sampler is told of all of them, in their order."""

    def run(rank):
        sampler = make(pruner)
        order = train_an_epoch(sampler, 0)
        state = sampler.state_dict() if rank == 0 else None
        sampler.set_epoch(1)
        return order, state, sampler.shards.samples_at(sampler.selection.indices)

    orders, states, kept = zip(*ranks.run(run))
    batches = [list(BatchSampler(order, 4, drop_last=False)) for order in orders]

    def run_alone(rank):
        sampler = make(pruner, 'replicated')
        sampler.set_epoch(0)
        for row in zip(*batches):
            for batch in row:
                sampler.update(batch, loss_of(batch))
        scores = sampler.scorer.scores.clone()
        sampler.set_epoch(1)
        return scores, sampler.scorer.visits, sampler.selection.indices

    [(scores, visits, kept_alone)] = on_one_rank(monkeypatch, run_alone)
    torch.testing.assert_close(states[0]['scorer']['scores'], scores)
    assert torch.equal(states[0]['scorer']['visits'], visits)
    kept = np.sort(np.concatenate(kept))
    if pruner == 'UCB':  # it draws among those that are equal in float16
        kept, kept_alone = (np.sort(scores.half()[indices]) for indices in (kept, kept_alone))
    np.testing.assert_array_equal(kept, kept_alone)


@pytest.mark.parametrize('pruner', PRUNERS)
def test_a_resumed_run_is_the_run(ranks, pruner):
    def run(rank):
        sampler = make(pruner)
        for epoch in range(3):
            train_an_epoch(sampler, epoch)
        return sampler.state_dict() if rank == 0 else None, [
            train_an_epoch(sampler, epoch) for epoch in range(3, 6)
        ]

    states, orders = zip(*ranks.run(run))

    def resume(rank):
        sampler = make(pruner)
        sampler.load_state_dict(states[0])
        return list(sampler), [train_an_epoch(sampler, epoch) for epoch in range(3, 6)]

    plans, resumed = zip(*ranks.run(resume))
    assert resumed == orders
    assert len({len(plan) for plan in plans}) == 1


@pytest.mark.parametrize('pruner', PRUNERS)
def test_any_other_number_of_ranks_resumes_right(ranks, pruner, monkeypatch, tmp_path):
    def run(rank):
        sampler = make(pruner)
        for epoch in range(2):
            train_an_epoch(sampler, epoch)
        return sampler.state_dict() if rank == 0 else None

    torch.save(ranks.run(run)[0], tmp_path / 'state.pth')
    state = torch.load(tmp_path / 'state.pth', weights_only=True)

    def resume(layout):
        sampler = make(pruner, layout)
        sampler.load_state_dict(state)
        sampler.forget_plan()
        sampler.set_epoch(2)
        return sampler.num_kept, sampler.scorer.scores

    two = Ranks(2)
    two.replace_collectives(monkeypatch)
    (num_kept, _), (_, scores) = two.run(lambda rank: resume('sharded'))
    whole = state['scorer']['scores']
    np.testing.assert_array_equal(scores, Sharded(NUM, 1, 2).take(whole.numpy()))

    [(num_kept_alone, scores)] = on_one_rank(monkeypatch, lambda rank: resume('replicated'))
    assert torch.equal(scores, whole)
    assert abs(num_kept_alone - num_kept) < 0.03 * NUM  # SeTa groups a random share


def test_losses_that_are_not_finite_are_counted_over_all_ranks(ranks):
    def run(rank):
        sampler = make()
        sampler.set_epoch(0)
        order = list(sampler)
        sampler.update(order[:2], float('nan') if rank != 1 else 5.0)
        sampler.update(order[2:4], 7.0)
        sampler.exchange()
        never_scored = sampler.scorer.scores[sampler.scorer.visits == 0]
        return sampler.scorer.skipped, set(never_scored.tolist())

    assert ranks.run(run) == [(2, {5.0})] * SIZE  # all scores start from the first finite loss


def test_a_rank_that_saw_nothing_exchanges_as_well(ranks):
    def run(rank):
        sampler = make()
        sampler.exchange()
        if rank == 2:
            sampler.update(list(sampler)[:1], 3.0)
        sampler.exchange()
        return float(sampler.scorer.scores[0])

    assert ranks.run(run) == [3.0] * SIZE


class Own(Pruner):
    def prune(self, scores, scored, epoch, rng):
        return scored, scores


class OwnShardable(Own):
    shardable = True


class OwnGuard(Guard):
    def bring_back(self, keep, rng):
        return ~keep


class OneSample(Own):
    shardable = True
    needs_scores = False

    def prune(self, scores, scored, epoch, rng):
        scored[self.shards.rank == 1 :] = False
        return scored, None


@pytest.mark.parametrize(
    ('options', 'error', 'message'),
    [
        (
            dict(layout='shard'),
            ValueError,
            "be one of replicated, shared, sharded, but got 'shard'",
        ),
        (dict(pruner=Own), TypeError, "Own does not work with layout='sharded', where each rank"),
        (
            dict(pruner=dict(type='SeTa', guards=[OwnGuard()])),
            TypeError,
            'OwnGuard does not work with',
        ),
        (dict(scorer=dict(type='ResidualScorer')), TypeError, 'ResidualScorer does not work with'),
        (dict(pruner=OwnShardable), TypeError, 'OwnShardable gives every sample a weight of its'),
        (dict(num=2), ValueError, 'needs a sample for each of the 3 ranks, but the training set'),
    ],
)
def test_what_cannot_be_sharded_is_one_sentence(ranks, options, error, message):
    def run(rank):
        with pytest.raises(error, match=message) as caught:
            sampler = make(**options)
            train_an_epoch(sampler, 0)
            sampler.set_epoch(1)
        assert '\n' not in str(caught.value)

    ranks.run(run)


def test_an_epoch_of_which_a_rank_keeps_nothing_trains_on_all(ranks, monkeypatch):
    told = []
    monkeypatch.setattr(bls_sampler, 'print_log', lambda message, **_: told.append(message))

    def run(rank):
        sampler = make(pruner=OneSample)
        sampler.set_epoch(1)
        return list(sampler)

    assert set().union(*ranks.run(run)) == set(range(NUM))
    assert 'keeps no sample in epoch 2 on rank 0, which therefore trains on all' in told[0]


def test_only_rank_0_has_a_state_and_only_after_gathering(ranks):
    def run(rank):
        sampler = make()
        for _ in range(2):
            if rank or sampler._gathered is None:
                with pytest.raises(RuntimeError, match='only rank 0 has the state of all samples'):
                    sampler.state_dict()
            sampler.gather_state()
        return rank > 0 or len(sampler.state_dict()['scorer']['scores'])

    assert ranks.run(run) == [NUM, True, True]


def test_a_state_of_another_data_set_is_one_sentence(ranks):
    def run(rank):
        sampler = make()
        sampler.gather_state()
        return sampler.state_dict() if rank == 0 else None

    state = ranks.run(run)[0]
    with pytest.raises(ValueError, match='belongs to 1003 samples, but the training set has 1100'):
        Sharded(1100, 0, SIZE).take(state['scorer']['scores'].numpy())


@pytest.mark.parametrize('pruner', PRUNERS)
def test_shared_scores_are_one_copy_and_otherwise_as_replicated(ranks, pruner):
    def run(layout):
        sampler = make(pruner, layout)
        orders = [train_an_epoch(sampler, epoch) for epoch in range(4)]
        state = sampler.state_dict()
        ranks.gather(None)  # all have looked before one writes
        if ranks.rank == 0:
            sampler.scorer.scores[5] = -1
        ranks.gather(None)
        return orders, state['scorer']['skipped'], float(sampler.scorer.scores[5])

    replicated, shared = (ranks.run(lambda rank, lay=lay: run(lay)) for lay in LAYOUTS_OF_ALL)
    assert [rank[:2] for rank in shared] == [rank[:2] for rank in replicated]
    assert [rank[2] for rank in shared] == [-1] * SIZE
    assert [rank[2] for rank in replicated][1:] != [-1] * (SIZE - 1)


def test_shared_scores_resume_and_count_visits_past_a_byte(ranks):
    def run(rank):
        sampler = make(layout='shared')
        for _ in range(300 if rank == 0 else 2):
            sampler.update([1, 2], 5.0)
        sampler.gather_state()
        visits = sampler.scorer.visits[:3].tolist()
        resumed = make(layout='shared')
        resumed.load_state_dict(sampler.state_dict())
        return visits, resumed.scorer.visits[:3].tolist()

    assert ranks.run(run) == [([0, 304, 304], [0, 304, 304])] * SIZE


def test_where_memory_cannot_be_shared_is_one_sentence(ranks, monkeypatch):
    monkeypatch.delattr('os.memfd_create')
    with pytest.raises(RuntimeError, match="layout='shared' needs Linux, but this is"):
        ranks.run(lambda rank: make(layout='shared'))


def test_one_rank_holds_all_in_every_layout():
    samplers = [make(layout=layout) for layout in LAYOUTS]
    for epoch in range(3):
        assert len({len(train_an_epoch(sampler, epoch)) for sampler in samplers}) == 1
    assert {sampler.shards.num_held for sampler in samplers} == {NUM}
