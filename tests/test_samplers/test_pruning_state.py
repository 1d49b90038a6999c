"""The state of a sampler: a run continues with it bit for bit, whatever its placement."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from threads import Ranks
from torch.utils.data import BatchSampler
from trained_sampler import PRUNERS, make, train_epoch

from bls_mm.samplers import BLSSampler

NUM, SIZE = 503, 3
PLACEMENTS = ['replicated', 'shared', 'sharded']
# One pruner for each kind of state: weights, memory of the pruner, a held selection, a budget.
CASES = {
    'InfoBatch': dict(type='InfoBatch'),
    'InfoBatch of 3 groups': dict(
        type='InfoBatch', quantiles=(20, 85), keep_ratios=(0.25, 0.5), interval=2
    ),
    'UCB': dict(type='UCB', interval=2),
    'FewerPasses': dict(type='FewerPasses'),
    'steered': dict(
        type='InfoBatch',
        interval=2,
        target_savings=0.3,
        guards=[dict(type='Revisit', epochs=2)],
    ),
}


@pytest.fixture
def ranks(monkeypatch):
    ranks = Ranks(SIZE)
    ranks.replace_collectives(monkeypatch)
    return ranks


def train_placed_epoch(sampler, epoch):
    """Trains an epoch on this rank; returns its order."""
    sampler.set_epoch(epoch)
    order = list(sampler)
    for batch in BatchSampler(order, 4, drop_last=False):
        sampler.update(batch, float(np.mean(np.sin(batch)) + 2))
    sampler.gather_state()
    return order


def assert_equal(one, other, path='state'):
    if isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one:
            assert_equal(one[key], other[key], f'{path}[{key!r}]')
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one.double(), other.double()), path  # shared visits are int16
    else:
        assert one == other, path


@pytest.mark.parametrize('pruner', PRUNERS)
@pytest.mark.parametrize('epochs', [1, 4])
def test_resume_is_bit_for_bit(pruner, epochs):
    sampler, resumed = make(pruner), make(pruner, seed=9)
    for epoch in range(epochs):
        train_epoch(sampler, epoch)
    sampler.gather_state()
    resumed.load_state_dict(sampler.state_dict())
    assert (resumed.epoch, resumed.seed) == (epochs - 1, 0)
    assert list(resumed) == list(sampler)
    for epoch in range(epochs, 8):
        assert train_epoch(sampler, epoch) == train_epoch(resumed, epoch)


@pytest.mark.parametrize('case', CASES)
@pytest.mark.parametrize('target', PLACEMENTS)
@pytest.mark.parametrize('source', PLACEMENTS)
def test_state_of_one_placement_loads_into_another(ranks, tmp_path, source, target, case):
    def build(placement):
        options = dict(seed=0, max_epochs=10, placement=placement)
        return BLSSampler(range(NUM), pruner=dict(CASES[case]), **options)

    def run(rank):
        sampler = build(source)
        for epoch in range(4):
            train_placed_epoch(sampler, epoch)
        return sampler.state_dict() if rank == 0 else None

    torch.save(ranks.run(run)[0], tmp_path / 'state.pth')
    state = torch.load(tmp_path / 'state.pth', weights_only=True)

    def resume(rank):
        sampler = build(target)
        sampler.load_state_dict(state)
        order = list(sampler)
        totals = sampler.plan.num_kept, sampler.plan.mean_weight
        sampler.gather_state()
        again = deepcopy(sampler.state_dict()) if rank == 0 else None
        sampler.set_epoch(4)
        return order, totals, again, len(sampler), sampler.plan.num_kept

    orders, totals, states, lengths, kept = zip(*ranks.run(resume))
    assert_equal(states[0], state)
    kept_then = set(np.concatenate(orders).tolist())
    mask = np.unpackbits(state['plan']['selection']['keep'].numpy(), bitorder='little')
    assert kept_then == set(np.flatnonzero(mask).tolist())
    assert len({*totals}) == len({*lengths}) == len({*kept}) == 1
    assert kept[0] < NUM


def test_state_of_an_unplanned_sampler_loads():
    sampler, resumed = make('UCB'), make('UCB', seed=5)
    resumed.load_state_dict(sampler.state_dict())
    assert resumed.seed == 0
    assert train_epoch(sampler, 0) == train_epoch(resumed, 0)


def test_loading_forgets_pending_losses():
    sampler, resumed = make('UCB'), make('UCB')
    resumed.update([1, 2], 5.0)
    resumed.load_state_dict(sampler.state_dict())
    resumed.sync()
    assert not resumed.scorer.visits.any()


@pytest.mark.parametrize('kind', ['UCB', 'Kakurenbo', 'FewerPasses'])
def test_a_run_with_target_and_guards_resumes_without_them(kind, tmp_path):
    """The memory of the pruner stays; version 0.1 lost it."""
    guarded = dict(type=kind, target_savings=0.3, guards=[dict(type='Revisit', epochs=2)])
    options = dict(seed=0, max_epochs=10)
    sampler = BLSSampler(range(NUM), pruner=guarded, **options)
    for epoch in range(4):
        train_epoch(sampler, epoch)
    sampler.gather_state()
    torch.save(sampler.state_dict(), tmp_path / 'state.pth')
    resumed = BLSSampler(range(NUM), pruner=dict(type=kind), **options)
    resumed.load_state_dict(torch.load(tmp_path / 'state.pth', weights_only=True))
    memory = sampler.planner.pruner.state_dict()
    assert memory
    for name, array in resumed.planner.pruner.state_dict().items():
        np.testing.assert_array_equal(array, memory[name])


@pytest.mark.parametrize('old', ['plain', 'target', 'guards'])
def test_memory_in_a_state_of_version_0_1_is_found(old):
    sampler = BLSSampler(
        range(NUM), pruner=dict(type='FewerPasses', interval=3), seed=0, max_epochs=10
    )
    for epoch in range(5):
        train_epoch(sampler, epoch)
    sampler.gather_state()
    state = sampler.state_dict()
    held = state['planner']['held']
    own = dict(state['planner']['pruner'], previous=held)
    # Version 0.1 nested the state of a pruner only if it had a target or guards.
    state = {name: value for name, value in state.items() if name != 'planner'}
    steered = dict(pruned={0: 0, 1: 150}, brought_back=0, ratio=0.4, guards={0: {}})
    state['pruner'] = {
        'plain': own,
        'target': dict(steered, pruner=own, met=held),
        'guards': dict(steered, pruner=own),
    }[old]
    resumed = BLSSampler(
        range(NUM), pruner=dict(type='FewerPasses', interval=3), seed=1, max_epochs=10
    )
    resumed.load_state_dict(state)
    for epoch in range(5, 8):  # epoch 5 repeats the selection of epoch 3
        assert train_epoch(resumed, epoch) == train_epoch(sampler, epoch)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num=90), 'the scores to load belong to 101 samples, but the training set has 90'),
        (dict(scorer=dict(type='ResidualScorer')), 'scores to load are not of a ResidualScorer'),
    ],
)
def test_state_of_another_run_raises_one_sentence(options, message):
    sampler = make('InfoBatch')
    for epoch in range(2):
        train_epoch(sampler, epoch)
    sampler.gather_state()
    with pytest.raises(ValueError, match=message):
        make('InfoBatch', **options).load_state_dict(sampler.state_dict())
