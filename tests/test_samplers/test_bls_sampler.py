import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import torch
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import BatchSampler, DataLoader
from toy import build_runner, find_hook

from bls_mm.pruners import Pruner
from bls_mm.samplers import BLSSampler, bls_sampler

NUM = 101
PRUNERS = [
    'NoPruning',
    'StaticRandom',
    'DynamicRandom',
    'InfoBatch',
    'SeTa',
    'EpsilonGreedy',
    'UCB',
    'SelectiveBackprop',
    'CoverageCentric',
]


def make(pruner='InfoBatch', num=NUM, rank=0, world_size=1, **options):
    options.setdefault('seed', 0)
    sampler = BLSSampler(range(num), pruner=dict(type=pruner), **options)
    sampler.rank, sampler.world_size = rank, world_size
    sampler.max_epochs = 10
    return sampler


def train_an_epoch(sampler, epoch, batch_size=4):
    """Plans, and scores each sample by a loss of its own; returns the order."""
    sampler.set_epoch(epoch)
    order = list(sampler)
    for batch in BatchSampler(order, batch_size, drop_last=False):
        sampler.update(batch, float(np.mean(batch)))
    return order


@pytest.mark.parametrize('pruner', PRUNERS)
def test_every_kept_sample_comes_exactly_once(pruner):
    sampler = make(pruner)
    for epoch in range(10):
        order = train_an_epoch(sampler, epoch)
        assert len(order) == len(sampler)
        assert sorted(order) == sampler.selection.indices.tolist()
        assert all(isinstance(index, int) for index in order)


@pytest.mark.parametrize('pruner', PRUNERS)
def test_same_seed_same_run(pruner):
    runs = [
        [train_an_epoch(sampler, e) for e in range(6)] for sampler in (make(pruner), make(pruner))
    ]
    assert runs[0] == runs[1]
    other = make(pruner, seed=1)
    assert [train_an_epoch(other, e) for e in range(6)] != runs[0]


def test_order_changes_with_the_epoch_but_not_with_iterating_again():
    sampler = make('NoPruning')
    first = train_an_epoch(sampler, 0)
    assert list(sampler) == list(sampler) == first
    assert train_an_epoch(sampler, 1) != first


def test_a_plan_stands_while_its_epoch_runs():
    sampler = make('EpsilonGreedy')
    train_an_epoch(sampler, 0)
    sampler.set_epoch(1)
    order, length = list(sampler), len(sampler)
    for index in order:
        sampler.update([index], float(index))
    sampler.set_epoch(1)
    assert (list(sampler), len(sampler)) == (order, length)


def test_epochs_prune_once_scored_and_anneal_on_all():
    sampler = make('InfoBatch')
    lengths = [len(train_an_epoch(sampler, epoch)) for epoch in range(10)]
    assert lengths[0] == lengths[9] == NUM  # first epoch; delta 0.875 of 10 epochs
    assert all(length < NUM for length in lengths[1:9])


def test_runs_come_near_one_another():
    sampler = make('DynamicRandom', num=200_000, run_length=64)
    sampler.set_epoch(1)
    order = np.array(list(sampler))
    assert sorted(order.tolist()) == sampler.selection.indices.tolist()
    place = np.argsort(order)[:6000]
    assert np.median(np.abs(np.diff(place))) < 20_000


def test_length_is_full_until_the_first_plan():
    assert len(make('StaticRandom')) == NUM


@pytest.mark.parametrize('world_size', [2, 3, 4])
@pytest.mark.parametrize('num', [1, 2, 5, 101])
def test_ranks_agree_and_are_equally_long(world_size, num):
    samplers = [
        make('DynamicRandom', num=max(num, 2), rank=r, world_size=world_size)
        for r in range(world_size)
    ]
    for sampler in samplers:
        sampler.set_epoch(3)
    orders = [list(sampler) for sampler in samplers]
    assert {len(order) for order in orders} == {len(samplers[0])}
    kept = samplers[0].selection.indices
    assert set(np.concatenate(orders).tolist()) == set(kept.tolist())


def test_without_shuffle_the_order_ascends():
    sampler = make('DynamicRandom', shuffle=False)
    order = train_an_epoch(sampler, 1)
    assert order == sorted(order)


def test_weights_follow_their_samples_through_the_shuffle():
    sampler = make('InfoBatch')
    train_an_epoch(sampler, 0)
    sampler.set_epoch(1)
    by_sample = dict(zip(sampler.selection.indices.tolist(), sampler.selection.weights.tolist()))
    order = list(sampler)
    assert sampler.weights_of(order).tolist() == [by_sample[index] for index in order]
    assert {1.0, 2.0} == set(by_sample.values())
    assert make('SeTa').weights_of([1, 2]) is None


def test_resumed_run_is_the_run():
    sampler, resumed = make('UCB'), make('UCB', seed=9)
    for epoch in range(4):
        train_an_epoch(sampler, epoch)
    resumed.load_state_dict(sampler.state_dict())
    for epoch in range(4, 8):
        assert train_an_epoch(sampler, epoch) == train_an_epoch(resumed, epoch)


def test_state_loads_with_weights_only(tmp_path):
    sampler = make('UCB')
    train_an_epoch(sampler, 0)
    train_an_epoch(sampler, 1)
    torch.save(sampler.state_dict(), tmp_path / 'state.pth')
    make('UCB').load_state_dict(torch.load(tmp_path / 'state.pth', weights_only=True))


def test_global_random_state_is_left_alone():
    torch.manual_seed(3)
    np.random.seed(3)
    before = torch.rand(2), np.random.rand(2)
    torch.manual_seed(3)
    np.random.seed(3)
    sampler = make('SeTa')
    for epoch in range(3):
        train_an_epoch(sampler, epoch)
    assert torch.equal(torch.rand(2), before[0])
    assert np.array_equal(np.random.rand(2), before[1])


def test_works_in_a_plain_loader_whose_epochs_end():
    # Current PyTorch calls iter() on a sampler that is its own iterator, once a batch.
    sampler = make('InfoBatch')
    loader = DataLoader(range(NUM), batch_size=4, sampler=sampler)
    for epoch in range(3):
        sampler.set_epoch(epoch)
        indices = [index for batch in loader for index in batch.tolist()]
        assert sorted(indices) == sampler.selection.indices.tolist()
        for index in indices:
            sampler.update([index], float(index))


def test_is_built_by_mmengine_from_what_a_config_inherits():
    cfg = dict(type='BLSSampler', shuffle=True, _scope_='mmengine', pruner=dict(type='SeTa'))
    sampler = DATA_SAMPLERS.build(cfg, default_args=dict(dataset=range(5), seed=3))
    assert (len(sampler), sampler.seed) == (5, 3)


def test_a_pruner_of_ones_own():
    class Odd(Pruner):
        def prune(self, scores, scored, epoch, rng):
            return np.arange(len(scores)) % 2 == 1, None

    sampler = BLSSampler(range(6), pruner=Odd(), seed=0)
    sampler.max_epochs = 9
    train_an_epoch(sampler, 0)
    sampler.set_epoch(1)
    assert sampler.selection.indices.tolist() == [1, 3, 5]


def test_an_epoch_of_which_nothing_is_kept_trains_on_all(monkeypatch):
    told = []
    monkeypatch.setattr(bls_sampler, 'print_log', lambda message, **_: told.append(message))

    class Nothing(Pruner):
        def prune(self, scores, scored, epoch, rng):
            return np.zeros(len(scores), dtype=bool), None

    sampler = BLSSampler(range(6), pruner=Nothing(), seed=0)
    sampler.max_epochs = 9
    train_an_epoch(sampler, 0)
    sampler.set_epoch(1)
    assert sorted(sampler) == list(range(6))
    assert 'keeps no sample in epoch 2, which therefore trains on all' in told[0]


@pytest.mark.parametrize('num', [1, 5, 9])
def test_no_epoch_leaves_a_batch_of_one_where_a_model_cannot_train_on_it(num):
    sampler = make('NoPruning', num)
    sampler.never_one_of = 4
    sampler.set_epoch(0)
    assert len(list(sampler)) == len(sampler) == num + 1
    assert set(sampler) == set(range(num))


@pytest.mark.parametrize(
    ('options', 'error', 'message'),
    [
        (dict(pruner=dict(type='Seta')), KeyError, "pruner 'Seta' is not known; choose one of"),
        (
            dict(scorer=dict(type='SeTa')),
            KeyError,
            "scorer 'SeTa' is not known; choose one of Batch",
        ),
        (dict(shuffle='False'), ValueError, "shuffle must be True or False, but got 'False'"),
        (dict(run_length=16.0), ValueError, 'run_length must be a power of two from 1 to 65,536'),
        (dict(pruner='SeTa'), TypeError, "pruner must be a dict with a 'type'"),
        (dict(pruner=dict(prune_ratio=0.5)), TypeError, "pruner must be a dict with a 'type'"),
        (dict(pruner=dict(type='torch.nn.Identity')), TypeError, 'is no Pruner'),
    ],
)
def test_bad_options_are_one_sentence(options, error, message):
    with pytest.raises(error, match=message):
        BLSSampler(range(4), **options)


def test_an_empty_data_set_is_one_sentence():
    with pytest.raises(ValueError, match='dataset is empty; check ann_file'):
        BLSSampler([])


def test_mmengine_without_the_hook_is_one_sentence(tmp_path):
    runner = build_runner(tmp_path)
    runner.hooks.remove(find_hook(runner))
    with pytest.raises(RuntimeError, match=r'BLSSampler needs BLSHook in this run; add default'):
        runner.train()
    runner.message_hub.pop_info('loop_stage')
    make().set_epoch(0)  # outside a run no hook is needed


def test_a_plain_loop_creates_nothing_of_mmengines():
    code = (
        'from mmengine.logging import MessageHub; from bls_mm import BLSSampler; '
        'BLSSampler(range(4), seed=0).set_epoch(0); assert not MessageHub._instance_dict'
    )
    subprocess.run([sys.executable, '-c', code], check=True)


def test_losses_of_several_ranks_wait_for_the_exchange_but_their_errors_do_not():
    sampler = make('SeTa', world_size=2, scorer=dict(type='SampleLossScorer'))
    with pytest.raises(ValueError, match='needs the loss of each sample'):
        sampler.update([1, 2], 0.5)
    sampler.update([1, 2], torch.tensor([0.5, 0.25]))
    assert not sampler.scorer.visits.any()


@pytest.mark.parametrize('pruner', PRUNERS)
def test_a_plan_takes_at_most_10_bytes_a_sample_while_it_is_made_and_6_after(pruner):
    own = 5 if pruner == 'UCB' else 0  # two moving averages
    num = 1_000_000
    sampler = make(pruner, num)
    sampler.update(range(num - 5), 1.0)
    sampler.scorer.scores.uniform_(generator=torch.Generator().manual_seed(0))
    tracemalloc.start()
    sampler.set_epoch(1)
    at_rest, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    scores_and_visits = 5 * num
    assert scores_and_visits + at_rest < (6 + own) * num
    assert scores_and_visits + peak < (10 + own + own // 5) * num
