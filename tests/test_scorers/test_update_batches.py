from functools import partial

import numpy as np
import pytest
import torch

from bls_mm.scorers import BatchLossScorer, ResidualScorer, SampleLossScorer

SCORERS = [
    *(BatchLossScorer, SampleLossScorer, ResidualScorer),
    pytest.param(partial(ResidualScorer, per_sample=True), id='ResidualScorer(per_sample)'),
]


def update_each(scorer, sizes, indices, losses):
    """Updates a scorer with one batch after another."""
    parts = np.split(losses, np.cumsum(sizes)[:-1]) if scorer.needs_sample_losses else losses
    for batch, loss in zip(np.split(indices, np.cumsum(sizes)[:-1]), parts):
        scorer.update(batch, torch.from_numpy(loss) if scorer.needs_sample_losses else float(loss))


def assert_same(one, other):
    """Checks that two scorers have the same state, bit for bit."""
    state, other_state = one.state_dict(), other.state_dict()
    assert state.keys() == other_state.keys()
    for name, value in state.items():
        if isinstance(value, torch.Tensor):
            assert value.dtype == other_state[name].dtype, name
            assert torch.equal(value, other_state[name]), name
        else:
            assert value == other_state[name], name


@pytest.mark.parametrize('scorer_type', SCORERS)
@pytest.mark.parametrize('seed', range(4))
@pytest.mark.parametrize('bad_fraction', [0, 0.1])
@pytest.mark.parametrize('repeats', [False, True])
def test_update_batches_equals_update_one_by_one(scorer_type, repeats, bad_fraction, seed):
    rng = np.random.default_rng(seed)
    batched, single = scorer_type(400), scorer_type(400)
    single.visits += 253  # so that visits outgrow uint8 on the way
    batched.visits += 253
    for _ in range(4):
        num_batches = int(rng.integers(1, 60))
        sizes = rng.integers(1, 7, num_batches)
        total = int(sizes.sum())
        indices = rng.integers(400, size=total) if repeats else rng.permutation(400)[:total]
        num_losses = total if batched.needs_sample_losses else num_batches
        losses = rng.normal(1, 1, num_losses).astype(np.float32)
        is_bad = rng.random(num_losses) < bad_fraction
        losses[is_bad] = rng.choice([np.nan, np.inf, -np.inf], is_bad.sum())
        batched.update_batches(sizes, indices.astype(np.int32), losses)
        update_each(single, sizes, indices, losses)
        assert_same(batched, single)
    assert (batched.skipped > 0) == (bad_fraction > 0)


@pytest.mark.parametrize('scorer_type', SCORERS)
def test_update_batches_equals_update_for_more_than_one_block(scorer_type):
    rng = np.random.default_rng(0)
    batched, single = scorer_type(150_000), scorer_type(150_000)
    sizes = np.full(200, 701)
    indices = rng.permutation(150_000)[: sizes.sum()]
    indices[-1] = indices[0]
    num_losses = len(indices) if batched.needs_sample_losses else len(sizes)
    losses = rng.random(num_losses, dtype=np.float32)
    batched.update_batches(sizes, indices, losses)
    update_each(single, sizes, indices, losses)
    assert_same(batched, single)


@pytest.mark.parametrize('scorer_type', [BatchLossScorer, ResidualScorer])
def test_batch_without_samples_changes_nothing(scorer_type):
    batched, single = scorer_type(4), scorer_type(4)
    batched.update_batches(
        np.array([0, 2, 0, 1]), np.arange(3), np.array([9, 5, 6, 7], dtype=np.float32)
    )
    single.update([], 9.0)
    single.update([0, 1], 5.0)
    single.update([2], 7.0)
    assert_same(batched, single)


def test_large_batch_can_contain_a_sample_twice():
    num = 70_000
    indices = np.arange(num)
    indices[-1] = 0
    scorer = BatchLossScorer(num, alpha=0.5)
    scorer.update_batches(np.array([num]), indices, np.array([2.0], dtype=np.float32))
    assert (scorer.scores == 2).all()
    assert scorer.visits[0] == 1
    assert scorer.visits[-1] == 0
