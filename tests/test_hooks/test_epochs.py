"""Epochs in a loop that counts iterations, and the ways in which such a loop resumes."""

from types import SimpleNamespace

import pytest

from bls_mm.hooks.epochs import VirtualEpochs, skips_on_resume


def test_an_epoch_ends_and_the_next_begins_between_two_batches():
    calls = []
    epochs = VirtualEpochs(
        ['a', 'b'], begin=lambda: calls.append('begin'), end=lambda: calls.append('end')
    )
    assert [next(epochs), next(epochs)] == ['a', 'b']
    assert calls == []
    assert next(epochs) == 'a'
    assert calls == ['end', 'begin']


@pytest.mark.parametrize('at_once', [0, 1, 2, 3])
def test_what_a_resumed_loop_has_had_is_passed_over_one_by_one_or_at_once(at_once):
    epochs = VirtualEpochs(['a', 'b'], begin=list, end=list, num_to_skip=3)
    epochs.skip_iter(at_once)
    assert [next(epochs) for _ in range(3 - at_once)] == [None] * (3 - at_once)
    assert [next(epochs) for _ in range(3)] == ['a', 'b', 'a']


def test_a_loop_of_either_mmengine_says_whether_it_skips():
    assert skips_on_resume(SimpleNamespace())  # the official one has no choice
    assert skips_on_resume(SimpleNamespace(fast_forward_on_resume=False))
    assert not skips_on_resume(SimpleNamespace(fast_forward_on_resume=True))
