"""Ranks exchange their losses: real processes over gloo."""

import gloo
import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from bls_mm.distributed.exchange import exchange_batches
from bls_mm.distributed.score_store import PendingBatches
from bls_mm.samplers import BLSSampler
from bls_mm.scorers import BatchLossScorer


def in_processes(target, world_size, tmp_path, *args):
    """Runs ``target(rank, *args)`` in processes of one group; returns the list of their results."""
    mp.spawn(_enter, (target, world_size, str(tmp_path), args), nprocs=world_size)
    return [torch.load(tmp_path / f'{rank}.pth', weights_only=False) for rank in range(world_size)]


def _enter(rank, target, world_size, tmp_path, args):
    torch.set_num_threads(1)
    dist.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=rank, world_size=world_size
    )
    torch.save(target(rank, *args), f'{tmp_path}/{rank}.pth')
    gloo.leave()


def _seen_by(rank):
    # Indices that float32 cannot represent, batches of several sizes, a rank without batches.
    pending = PendingBatches(num_samples=2**31)
    big = 16_777_217 + 1000 * rank
    if rank != 2:
        pending.append([big, big + 1], torch.tensor(0.1 + rank))
        pending.append(torch.tensor([big + 2]), torch.tensor(0.2 + rank))
    if rank == 0:
        pending.append(np.array([7]), torch.tensor(9.0))
    return pending.drain()


def _exchange(rank, round_size):
    return [
        [part.tolist() for part in batches]
        for batches in exchange_batches(_seen_by(rank), per_sample=False, round_size=round_size)
    ]


def test_all_ranks_get_all_batches_in_one_order(tmp_path):
    results = in_processes(_exchange, 3, tmp_path, 100)
    assert results[0] == results[1] == results[2]
    ((sizes, indices, losses),) = results[0]
    assert sizes == [2, 2, 1, 1, 1]
    assert indices == [16_777_217, 16_777_218, 16_778_217, 16_778_218, 16_777_219, 16_778_219, 7]
    assert losses == pytest.approx([0.1, 1.1, 0.2, 1.2, 9.0])


def test_rounds_split_between_batches_and_lose_nothing(tmp_path):
    results = in_processes(_exchange, 3, tmp_path, 3)
    assert results[0] == results[1] == results[2]
    assert [sizes for sizes, _, _ in results[0]] == [[2, 2], [1, 1], [1]]
    assert [losses for *_, losses in results[0]] == [
        pytest.approx([0.1, 1.1]),
        pytest.approx([0.2, 1.2]),
        [9.0],
    ]


def _exchange_nothing(rank):
    pending = PendingBatches(num_samples=10)
    return list(exchange_batches(pending.drain(), per_sample=False, round_size=100))


def test_ranks_without_batches_do_not_wait_for_each_other(tmp_path):
    assert in_processes(_exchange_nothing, 2, tmp_path) == [[], []]


def _train(rank, num, pruner):
    """Trains four epochs in batches of two; returns this rank's orders and scores of each."""
    # seed None: the ranks agree on one
    sampler = BLSSampler(range(num), pruner=dict(type=pruner), max_epochs=4)
    orders, scores = [], []
    for epoch in range(4):
        sampler.set_epoch(epoch)
        order = list(sampler)
        assert len(order) == len(sampler)
        for start in range(0, len(order), 2):
            batch = order[start : start + 2]
            sampler.update(batch, float(np.sqrt(1 + np.mean(batch))))
        sampler.sync()
        orders.append(order)
        scores.append(sampler.scorer.scores.clone())
    return orders, scores


@pytest.mark.parametrize(
    ('num', 'world_size', 'pruner'),
    [(23, 2, 'InfoBatch'), (3, 4, 'SeTa'), (50, 4, 'DynamicRandom')],
)
def test_ranks_plan_alike_and_score_like_one_process(tmp_path, num, world_size, pruner):
    results = in_processes(_train, world_size, tmp_path, num, pruner)
    replay = BatchLossScorer(num)
    for epoch in range(4):
        orders = [orders[epoch] for orders, _ in results]
        assert len({len(order) for order in orders}) == 1
        for start in range(0, len(orders[0]), 2):
            for order in orders:
                batch = order[start : start + 2]
                replay.update(batch, float(np.sqrt(1 + np.mean(batch))))
        for _, scores in results:
            assert torch.equal(scores[epoch], replay.scores)
    assert any(results[0][0][0] != orders[0] for orders, _ in results[1:])
