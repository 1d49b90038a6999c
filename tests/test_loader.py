import warnings

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch.utils.data import TensorDataset

from bls_mm import PrunedLoader
from bls_mm.scorers import BatchLossScorer

NUM = 50
DATA = TensorDataset(torch.arange(NUM))


def make(pruner='InfoBatch', **options):
    options = {'batch_size': 4, 'max_epochs': 8, 'seed': 0, **options}
    return PrunedLoader(DATA, pruner=dict(type=pruner), **options)


def train(loader, epochs, skip=()):
    """Scores each batch by the mean of its indices; returns the batches of each epoch."""
    seen = []
    for epoch in epochs:
        loader.set_epoch(epoch)
        seen.append([])
        for number, (batch,) in enumerate(loader):
            seen[-1].append(batch.tolist())
            if number not in skip:
                loader.score(batch.float().mean())
    return seen


@pytest.mark.parametrize('num_workers', [0, 2])
def test_every_loss_reaches_its_samples_also_where_a_step_is_skipped(num_workers):
    loader = make(num_workers=num_workers)
    batches = train(loader, range(3), skip=(2,))
    expected = BatchLossScorer(NUM)
    for epoch in batches:
        for number, batch in enumerate(epoch):
            if number != 2:
                expected.update(batch, float(np.mean(batch)))
    torch.testing.assert_close(loader.bls.scorer.scores, expected.scores)
    assert [len(batches[0]), len(batches[2])] == [13, len(loader)]
    assert sum(map(len, batches[2])) < NUM


def test_the_gradient_is_weighed_and_the_loss_is_not():
    loader = make()
    train(loader, range(1))
    loader.set_epoch(1)
    for (batch,) in loader:
        values = batch.float().requires_grad_()
        losses = loader.score(values)
        assert torch.equal(losses, values)
        losses.sum().backward()
        assert values.grad.tolist() == loader.bls.weights_of(batch.tolist()).tolist()
    assert {1.0, 2.0} == set(loader.bls.selection.weights.tolist())


def test_without_weights_the_loss_comes_back_as_it_is():
    loader = make('SeTa')
    loader.set_epoch(0)
    next(iter(loader))
    loss = torch.tensor(1.0)
    assert loader.score(loss) is loss


def test_an_epoch_whose_samples_fill_no_batch_trains_on_all():
    loader = make('DynamicRandom', batch_size=40, drop_last=True)
    assert [len(batches[0]) for batches in train(loader, range(2))] == [40, 40]


def test_a_loss_belongs_to_one_batch():
    loader = make()
    loader.set_epoch(0)
    with pytest.raises(RuntimeError, match='no batch waits for its loss; call score once for each'):
        loader.score(torch.tensor(1.0))
    next(iter(loader))
    loader.score(torch.tensor(1.0))
    with pytest.raises(RuntimeError, match='no batch waits for its loss'):
        loader.score(torch.tensor(1.0))


def test_a_resumed_run_is_the_run(tmp_path):
    loader, resumed = make('UCB'), make('UCB', seed=1)
    train(loader, range(3))
    torch.save(loader.state_dict(), tmp_path / 'state.pth')
    resumed.load_state_dict(torch.load(tmp_path / 'state.pth', weights_only=True))
    assert train(loader, range(3, 8)) == train(resumed, range(3, 8))


def test_the_last_epochs_anneal():
    lengths = [sum(map(len, epoch)) for epoch in train(make(), range(8))]
    assert lengths[0] == lengths[7] == NUM
    assert all(length < NUM for length in lengths[1:7])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(sampler=[1]), r'PrunedLoader takes no sampler, but got \[1\]: it hands out'),
        (dict(batch_sampler=[[1]]), 'PrunedLoader takes no batch_sampler'),
        (dict(in_order=False), 'PrunedLoader takes no in_order, but got False'),
        (dict(max_epochs=0), 'max_epochs must be a positive integer, but got 0'),
        (dict(max_epochs=None), 'max_epochs must be a positive integer, but got None'),
    ],
)
def test_wrong_options_are_one_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_accelerates_own_loops_leave_it_alone():
    loader = make('SeTa')
    accelerator = Accelerator(cpu=True)
    model = accelerator.prepare(torch.nn.Linear(1, 1))
    loader.set_epoch(0)
    for (batch,) in loader:
        loss = loader.score(model(batch[:, None].float()).mean())
        accelerator.backward(loss)
    assert loader.bls.scorer.visits.all()


def test_a_forgotten_call_is_told():
    loader = make()
    with pytest.warns(UserWarning, match='call loader.set_epoch'):
        for _ in loader:
            loader.score(torch.tensor(1.0))
    loader.set_epoch(0)
    with pytest.warns(UserWarning, match='no loss of this epoch was scored'):
        list(loader)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        train(loader, range(1, 3), skip=range(1, 99))


@pytest.mark.parametrize(('drop_last', 'sizes'), [(False, [7] * 7 + [2]), (True, [7] * 7)])
def test_no_batch_of_one_is_left_over(drop_last, sizes):
    loader = make('NoPruning', batch_size=7, drop_last=drop_last)
    (batches,) = train(loader, [0])
    assert [len(batch) for batch in batches] == sizes
    assert drop_last or {i for batch in batches for i in batch} == set(range(NUM))
