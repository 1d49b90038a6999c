import numpy as np
import pytest

from bls_mm.scorers.batches import (
    BLOCK,
    LossBatches,
    check_lengths,
    drop_unusable,
    split_blocks,
    split_distinct,
)


def random_batches(seed, num_samples=500_000, num_batches=10_000, repeats=False, per_sample=False):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 40, num_batches)
    total = int(sizes.sum())
    if repeats:
        indices = rng.integers(num_samples, size=total)
    else:
        indices = rng.permutation(num_samples)[:total]
    losses = rng.random(total if per_sample else num_batches, dtype=np.float32)
    return LossBatches(sizes, indices, losses, per_sample)


def assert_joins_to(pieces, whole):
    for name in ('sizes', 'indices', 'losses'):
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_array_equal(joined, getattr(whole, name))


@pytest.mark.parametrize('per_sample', [False, True])
def test_split_keeps_samples_and_losses_of_a_batch_together(per_sample):
    losses = [1, 1, 2, 3, 3, 3] if per_sample else [1, 2, 3]
    batches = LossBatches(np.array([2, 1, 3]), np.arange(6), np.array(losses), per_sample)
    first, second, third = batches.split([1, 2])
    assert [piece.sizes.tolist() for piece in (first, second, third)] == [[2], [1], [3]]
    assert [piece.indices.tolist() for piece in (first, second, third)] == [[0, 1], [2], [3, 4, 5]]
    assert [set(piece.losses) for piece in (first, second, third)] == [{1}, {2}, {3}]


@pytest.mark.parametrize('per_sample', [False, True])
@pytest.mark.parametrize('repeats', [False, True])
def test_split_distinct_keeps_order_and_repeats_no_sample_in_a_piece(repeats, per_sample):
    batches = random_batches(0, repeats=repeats, per_sample=per_sample)
    pieces, samples = zip(*split_distinct(batches, 500_000))
    assert_joins_to(pieces, batches)
    assert (len(pieces) > 1) == repeats
    for piece, chosen in zip(pieces, samples):
        if len(piece.sizes) > 1:
            assert len(np.unique(piece.indices)) == len(piece.indices)
            np.testing.assert_array_equal(np.flatnonzero(chosen), np.sort(piece.indices))
        else:
            assert chosen is piece.indices


def test_split_distinct_keeps_a_batch_that_contains_a_sample_twice_whole():
    batches = LossBatches(np.array([2, 3]), np.array([0, 1, 2, 2, 3]), np.ones(2), False)
    pieces = [piece for piece, _ in split_distinct(batches, 4)]
    assert [piece.indices.tolist() for piece in pieces] == [[0, 1], [2, 2, 3]]


@pytest.mark.parametrize('per_sample', [False, True])
def test_split_blocks_bounds_the_samples_of_a_block(per_sample):
    batches = random_batches(1, per_sample=per_sample)
    blocks = list(split_blocks(batches))
    assert_joins_to(blocks, batches)
    assert len(blocks) == 4
    assert all(len(block.indices) < 1.1 * BLOCK for block in blocks)


def test_split_blocks_of_no_batch_yields_nothing():
    none = LossBatches(np.zeros(0, int), np.zeros(0, int), np.zeros(0, np.float32), False)
    assert list(split_blocks(none)) == []


def test_drop_unusable_drops_a_batch_with_a_bad_loss_and_a_batch_without_samples():
    losses = np.array([1, np.nan, 3, 4], dtype=np.float32)
    batches, num_bad = drop_unusable(
        LossBatches(np.array([2, 1, 0, 2]), np.arange(5), losses, False)
    )
    assert num_bad == 1
    assert batches.sizes.tolist() == [2, 2]
    assert batches.indices.tolist() == [0, 1, 3, 4]
    assert batches.losses.tolist() == [1, 4]


def test_drop_unusable_drops_single_samples_if_each_has_its_loss():
    losses = np.array([1, np.inf, -np.inf, 4, 5], dtype=np.float32)
    batches, num_bad = drop_unusable(LossBatches(np.array([2, 1, 2]), np.arange(5), losses, True))
    assert num_bad == 2
    assert batches.sizes.tolist() == [1, 2]
    assert batches.indices.tolist() == [0, 3, 4]
    assert batches.losses.tolist() == [1, 4, 5]


def test_drop_unusable_copies_nothing_if_all_losses_are_finite():
    batches = random_batches(2)
    assert drop_unusable(batches) == (batches, 0)


@pytest.mark.parametrize('per_sample, num_losses', [(False, 3), (True, 2)])
def test_check_lengths_names_what_does_not_fit(per_sample, num_losses):
    batches = LossBatches(np.array([1, 2]), np.arange(3), np.ones(num_losses), per_sample)
    with pytest.raises(ValueError, match=f'2 batches of 3 samples .* but got 3 and {num_losses}'):
        check_lengths(batches)
    with pytest.raises(ValueError, match='need 3 indices'):
        check_lengths(LossBatches(np.array([1, 2]), np.arange(4), np.ones(2), False))
