"""Virtual epochs in a loop that counts iterations, and the ways in which such a loop resumes."""

from types import SimpleNamespace

import pytest

from bls_mm.hooks.clock import iterations_of
from bls_mm.hooks.virtual_epochs import VirtualEpochs


def epochs_of(loader, num_done=0):
    """Virtual epochs over a loader, and the names of the calls that they make."""
    calls = []
    epochs = VirtualEpochs(
        loader,
        lambda: calls.append('begin'),
        lambda: calls.append('end'),
        SimpleNamespace(iter=num_done, max_iters=100),
    )
    return epochs, calls


def test_epoch_ends_and_next_begins_between_two_batches():
    epochs, calls = epochs_of(['a', 'b'])
    assert [next(epochs), next(epochs)] == ['a', 'b']
    assert calls == []
    assert next(epochs) == 'a'
    assert calls == ['end', 'begin']


@pytest.mark.parametrize('num_asked', range(4))
def test_resumed_loop_gets_first_batch_again_for_each_batch_that_it_has_done(num_asked):
    epochs, _ = epochs_of(['a', 'b', 'c'], num_done=3)
    epochs.skip_iter(3 - num_asked)  # asked for at once; the others one by one
    assert [next(epochs) for _ in range(num_asked + 1)] == ['a'] * (num_asked + 1)
    epochs.start()
    assert [next(epochs) for _ in range(3)] == ['b', 'c', 'a']


def test_resumed_loop_loads_nothing_twice():
    loaded = []
    epochs, _ = epochs_of(list(range(9)), num_done=5)
    epochs.loader = (loaded.append(number) or number for number in range(9))
    assert [next(epochs) for _ in range(6)] == [0] * 6
    assert loaded == [0]


def test_new_loop_may_fetch_batches_ahead():
    epochs, _ = epochs_of(['a', 'b', 'c'])
    ahead = [next(epochs), next(epochs)]
    epochs.start()
    assert [*ahead, next(epochs)] == ['a', 'b', 'c']


def test_replaying_loop_may_fetch_batches_ahead():
    epochs, _ = epochs_of(['a', 'b', 'c'], num_done=2)
    assert [next(epochs) for _ in range(5)] == ['a', 'a', 'a', 'b', 'c']


def test_skipping_the_first_batch_of_a_resumed_run_does_not_hang():
    epochs, _ = epochs_of(['bad', 'b'], num_done=3)
    assert [next(epochs) for _ in range(5)].index('b') == 4


def test_none_is_a_batch_like_any_other():
    epochs, _ = epochs_of([None, None, 'c'], num_done=1)
    assert [next(epochs) for _ in range(3)] == [None, None, 'c']


@pytest.mark.parametrize(
    ('epochs', 'length', 'expected'), [(2, 8, 16), (5 / 11, 8, 4), (60 / 11, 11, 60), (0, 8, 0)]
)
def test_iterations_of_started_epochs_count(epochs, length, expected):
    assert iterations_of(epochs, length) == expected
