import numpy as np
import pytest
import torch

from bls_mm.distributed import Replicated, ScoreStore
from bls_mm.distributed.score_store import JOIN, PendingBatches
from bls_mm.scorers import BatchLossScorer, ResidualScorer, SampleLossScorer

NUM = 8


def make(scorer=BatchLossScorer, world_size=1, **options):
    return ScoreStore(scorer(NUM, **options), Replicated(NUM, 0, world_size), world_size)


def test_sync_scores_what_update_collected():
    store, expected = make(), BatchLossScorer(NUM)
    for samples, loss in [([1, 2], 0.5), ([2, 3, 4], 0.25), ([1], 4.0)]:
        store.update(samples, loss)
        expected.update(samples, loss)
    assert not store.scorer.visits.any()
    store.sync()
    assert torch.equal(store.scorer.scores, expected.scores)
    assert torch.equal(store.scorer.visits, expected.visits)
    store.sync()
    assert torch.equal(store.scorer.visits, expected.visits)  # each loss counts once


def test_losses_may_be_numbers_or_tensors():
    store, expected = make(), BatchLossScorer(NUM)
    store.update([1, 2], torch.tensor(0.5, requires_grad=True))
    store.update([3, 4], torch.tensor([1.0, 3.0]))
    store.update([5], torch.tensor(1, dtype=torch.bfloat16))
    for samples, loss in [([1, 2], 0.5), ([3, 4], 2.0), ([5], 1.0)]:
        expected.update(samples, loss)
    store.sync()
    assert torch.equal(store.scorer.scores, expected.scores)


def test_a_loss_that_changes_later_is_collected_as_it_was():
    store = make(SampleLossScorer)
    losses = torch.tensor([1.0, 2.0])
    store.update([0, 1], losses)
    losses.zero_()
    store.sync()
    assert store.scorer.scores[:2].tolist() == [1.0, 2.0]


def test_wrong_shapes_raise_at_once():
    with pytest.raises(ValueError, match='loss has shape'):
        make().update([1, 2], torch.ones(3))
    with pytest.raises(ValueError, match='needs the loss of each sample'):
        make(SampleLossScorer).update([1, 2], 0.5)


@pytest.mark.parametrize('loss', [0.5, torch.tensor([0.5, 0.25])])
def test_auto_decides_by_the_first_loss(loss):
    store = make(ResidualScorer, per_sample='auto')
    assert store.scorer.needs_sample_losses is None
    store.update([1, 2], loss)
    assert store.scorer.needs_sample_losses is (not isinstance(loss, float))


def test_losses_that_are_not_finite_are_counted():
    store = make()
    store.update([1], float('nan'))
    store.update([2], float('inf'))
    store.update([3], 1.0)
    store.sync()
    assert store.scorer.skipped == 2
    assert store.scorer.visits.tolist() == [0, 0, 0, 1, 0, 0, 0, 0]


def test_loading_forgets_pending_losses():
    store = make()
    store.update([1], 1.0)
    store.load_state_dict(make().scorer.state_dict())
    store.sync()
    assert not store.scorer.visits.any()


def test_drain_returns_all_batches_and_forgets_them():
    pending = PendingBatches(num_samples=100)
    pending.append([1, 2, 3], 0.5)
    pending.append(np.array([9]), 0.25)
    assert (len(pending), pending.num_indices) == (2, 4)
    sizes, indices, losses = pending.drain()
    assert (sizes.tolist(), indices.tolist(), losses.tolist()) == (
        [3, 1],
        [1, 2, 3, 9],
        [0.5, 0.25],
    )
    assert (len(pending), pending.num_indices) == (0, 0)
    pending.append([4], 1.0)
    assert indices.tolist() == [1, 2, 3, 9]  # what was drained stays as it is
    assert [part.tolist() for part in pending.drain()] == [[1], [4], [1.0]]


def test_drain_without_batches_returns_empty_tensors():
    sizes, indices, losses = PendingBatches(num_samples=10).drain()
    assert [len(sizes), len(indices), len(losses)] == [0, 0, 0]
    assert losses.dtype == torch.float32


def test_batches_take_four_bytes_per_sample_and_join_their_losses():
    pending = PendingBatches(num_samples=5000)
    for index in range(5000):
        pending.append([index], torch.tensor(float(index)))
    sizes, indices, losses = pending.drain()
    assert indices.dtype == torch.int32
    assert sizes.sum() == len(indices) == 5000 > 2 * JOIN
    assert torch.equal(losses.long(), indices.long())
    assert len(pending) == 0


def test_more_than_two_billion_samples_take_eight_bytes():
    pending = PendingBatches(num_samples=2**31)
    pending.append([2**31 - 1], 1.0)
    assert pending.drain().indices.tolist() == [2**31 - 1]


def test_losses_per_sample_are_joined_in_order():
    pending = PendingBatches(num_samples=10)
    pending.append([1, 2], torch.tensor([0.1, 0.2]))
    pending.append([3], torch.tensor([0.3]))
    assert pending.drain().losses.tolist() == pytest.approx([0.1, 0.2, 0.3])


def test_a_batch_that_is_changed_later_is_collected_as_it_was():
    pending = PendingBatches(num_samples=10)
    batch = np.array([1, 2])
    pending.append(batch, 1.0)
    batch[:] = 7
    assert pending.drain().indices.tolist() == [1, 2]


def test_index_out_of_range_raises_one_sentence():
    pending = PendingBatches(num_samples=10)
    pending.append([3, 10], 1.0)
    with pytest.raises(IndexError, match='indices run from 3 to 10, but the training set has 10'):
        pending.drain()


def test_ranks_score_sample_losses_if_one_of_them_has_some(ranks):
    """A batch loss counts for each sample, also on ranks that never saw the loss of a sample."""
    losses = [
        [([0, 1], torch.tensor([1.0, 3.0])), ([2], torch.tensor([2.0]))],
        [([3, 4], 5.0)],
        [],
    ]

    def work(rank):
        scorer = ResidualScorer(NUM, per_sample='auto')
        store = ScoreStore(scorer, Replicated(NUM, rank, 3), 3)
        for samples, loss in losses[rank]:
            store.update(samples, loss)
        store.sync()
        store.update([5, 6], 4.0)  # from now on on all ranks
        store.sync()
        return scorer

    expected = ResidualScorer(NUM, per_sample=True)
    for samples, loss in (losses[0][0], ([3, 4], torch.full((2,), 5.0)), losses[0][1]):
        expected.update(samples, loss)
    for _ in range(3):
        expected.update([5, 6], torch.full((2,), 4.0))
    for scorer in ranks.run(work):
        assert scorer.needs_sample_losses is True
        assert torch.equal(scorer.scores, expected.scores)
        assert torch.equal(scorer.visits, expected.visits)


def test_ranks_without_sample_losses_keep_batch_losses(ranks):
    def work(rank):
        store = ScoreStore(ResidualScorer(NUM, per_sample='auto'), Replicated(NUM, rank, 3), 3)
        if rank:
            store.update([rank, 4], float(rank))
        store.sync()
        return store.scorer

    expected = ResidualScorer(NUM)
    expected.update([1, 4], 1.0)
    expected.update([2, 4], 2.0)
    for scorer in ranks.run(work):
        assert scorer.needs_sample_losses is False
        assert torch.equal(scorer.scores, expected.scores)
