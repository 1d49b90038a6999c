import warnings

import numpy as np
import pytest
import torch
from pruned_run import DATA, NUM, assert_scores, loss_of, make, train

from bls_mm import PrunedLoader


def test_a_run_prunes_and_its_last_epochs_anneal():
    lengths = [sum(map(len, epoch)) for epoch in train(make(), range(8))]
    assert lengths[0] == lengths[7] == NUM
    assert all(length < NUM for length in lengths[1:7])


@pytest.mark.parametrize('num_workers', [0, 2])
def test_every_loss_reaches_its_samples(num_workers):
    loader = make(num_workers=num_workers)
    batches = train(loader, range(3))
    assert_scores(loader, [batch for epoch in batches for batch in epoch])
    assert [len(batches[0]), len(batches[2])] == [13, len(loader)]
    assert sum(map(len, batches[2])) < NUM


def test_the_gradient_is_scaled_and_the_loss_is_not():
    loader = make()
    train(loader, range(1))
    loader.set_epoch(1)
    for (batch,) in loader:
        values = batch.float().requires_grad_()
        losses = loader.score(values)
        assert torch.equal(losses, values)
        losses.sum().backward()
        assert values.grad.tolist() == loader.bls.weights_of(batch.tolist()).tolist()
    assert {1.0, 2.0} == set(loader.bls.plan.weights.tolist())


def test_without_weights_the_loss_itself_is_returned():
    loader = make('SeTa')
    loader.set_epoch(0)
    next(iter(loader))
    loss = torch.tensor(1.0)
    assert loader.score(loss) is loss


def test_an_epoch_that_fills_no_batch_trains_on_all():
    loader = make('DynamicRandom', batch_size=40, drop_last=True)
    assert [len(batches[0]) for batches in train(loader, range(2))] == [40, 40]


def test_resume_is_bit_for_bit(tmp_path):
    loader, resumed = make('UCB'), make('UCB', seed=1)
    train(loader, range(3))
    torch.save(loader.state_dict(), tmp_path / 'state.pth')
    resumed.load_state_dict(torch.load(tmp_path / 'state.pth', weights_only=True))
    assert train(loader, range(3, 8)) == train(resumed, range(3, 8))


@pytest.mark.parametrize('scorer', ['auto', dict(type='SampleLossScorer')])
def test_losses_per_sample_are_scores_of_their_samples(scorer):
    loader = make('NoPruning', scorer=scorer)
    loader.set_epoch(0)
    for (batch,) in loader:
        loader.score(batch.float())
    loader.bls.sync()
    assert loader.bls.scorer.needs_sample_losses
    scores = loader.bls.scorer.scores.numpy()
    assert np.corrcoef(scores, np.arange(NUM))[0, 1] > 0.95


def test_a_loss_that_is_no_tensor_is_refused():
    loader = make()
    loader.set_epoch(0)
    next(iter(loader))
    with pytest.raises(TypeError, match='loss must be a tensor, but got a float'):
        loader.score(0.5)


def test_auto_takes_smaller_batches_unless_the_user_chooses():
    def compensation(**options):
        pruner = dict(type='auto', **options)
        return PrunedLoader(DATA, max_epochs=8, pruner=pruner).bls.planner.compensation

    assert compensation() == 'batch_size'
    assert compensation(compensation=None) is None
    with pytest.raises(ValueError, match="but got compensation='learning_rate'"):
        compensation(compensation='learning_rate')


@pytest.mark.parametrize('batch_size', [40, 64])
def test_with_drop_last_smaller_batches_are_never_larger(batch_size):
    """As in a loader without pruning, 64 samples are more than there are: no batch."""
    options = dict(batch_size=batch_size, max_epochs=5, drop_last=True)
    loader = PrunedLoader(DATA, pruner='auto', seed=0, **options)
    (batches,) = train(loader, [0])
    assert [len(batch) for batch in batches] == [batch_size] * (NUM // batch_size)


@pytest.mark.parametrize(('drop_last', 'sizes'), [(False, [7] * 7 + [2]), (True, [7] * 7)])
def test_no_epoch_ends_with_a_batch_of_one(drop_last, sizes):
    loader = make('NoPruning', batch_size=7, drop_last=drop_last)
    (batches,) = train(loader, [0])
    assert [len(batch) for batch in batches] == sizes
    assert drop_last or {i for batch in batches for i in batch} == set(range(NUM))


def test_loader_looks_like_a_data_loader():
    loader = make(drop_last=True, num_workers=1)
    assert (loader.batch_size, loader.drop_last, loader.num_workers) == (4, True, 1)
    assert loader.sampler is loader.batch_sampler.sampler is loader.bls
    assert len(loader) == 12


def test_accelerate_leaves_the_loader_as_it_is():
    accelerate = pytest.importorskip('accelerate')
    loader = make('SeTa')
    accelerator = accelerate.Accelerator(cpu=True)
    model = accelerator.prepare(torch.nn.Linear(1, 1))
    loader.set_epoch(0)
    for (batch,) in loader:
        loss = loader.score(model(batch[:, None].float()).mean())
        accelerator.backward(loss)
    loader.bls.sync()
    assert loader.bls.scorer.visits.all()


def test_a_loader_that_accelerate_prepared_is_told():
    accelerate = pytest.importorskip('accelerate')
    loader = make('SeTa')
    loader.set_epoch(0)
    for batch in accelerate.Accelerator(cpu=True).prepare(loader):
        with pytest.raises(RuntimeError, match=r'nor one of accelerator\.prepare'):
            loader.score(loss_of(batch))


def test_missing_calls_are_warned_about():
    loader = make()
    with pytest.warns(UserWarning, match=r'was not planned.*call loader.set_epoch\(epoch\) before'):
        for batch in loader:
            loader.score(loss_of(batch))
    with pytest.warns(UserWarning, match='was not planned'):
        iter(loader)
    loader.set_epoch(0)
    with pytest.warns(UserWarning, match='no loss of this epoch was scored'):
        list(loader)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        train(loader, range(1, 3), skip=range(1, 99))


def test_a_second_run_with_the_scores_of_the_first_is_warned_about():
    loader = make()
    train(loader, range(3))
    with pytest.warns(UserWarning, match='epoch 0 is pruned by the scores of epoch 2; build a new'):
        loader.set_epoch(0)
    resumed = make()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        train(loader, range(1, 3))
        resumed.load_state_dict(loader.state_dict())
        resumed.set_epoch(2)  # once more
        resumed.set_epoch(3)


def test_a_peek_is_not_warned_about():
    loader = make()
    loader.set_epoch(0)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        for number, batch in enumerate(loader):
            loader.score(loss_of(batch))
            if number == 12:  # the last one
                next(iter(loader))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            dict(sampler=[1]),
            r'PrunedLoader takes no sampler, but got \[1\]: it chooses the',
        ),
        (dict(batch_sampler=[[1]]), 'PrunedLoader takes no batch_sampler'),
        (dict(in_order=False), 'PrunedLoader takes no in_order, but got False'),
        (dict(max_epochs=0), 'max_epochs must be a positive integer, but got 0'),
        (dict(max_epochs=None), 'max_epochs must be a positive integer, but got None'),
        (dict(batch_size=None), 'batch_size must be a positive integer, but got None'),
        (dict(batch_size='4'), "batch_size must be a positive integer, but got '4'"),
    ],
)
def test_wrong_options_raise_one_sentence(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        make(**options)
    assert '\n' not in str(caught.value)
