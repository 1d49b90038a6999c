import numpy as np
import pytest
import torch

from bls_mm.scorers import BatchLossScorer, ResidualScorer, SampleLossScorer, Scorer
from bls_mm.scorers.batches import MAX_VISITS


class ResidualOfSamples(ResidualScorer):
    def __init__(self, num_samples):
        super().__init__(num_samples, per_sample=True)


# The states of version 0.1, except scores, visits and skipped.
STATES = {
    BatchLossScorer: dict(awaits_first_batch=False),
    SampleLossScorer: dict(),
    ResidualScorer: dict(level=2.0, scale=2.5, batches_seen=7, per_sample=False),
    ResidualOfSamples: dict(level=2.0, scale=2.5, batches_seen=7, per_sample=True),
}


@pytest.mark.parametrize('scorer_type', STATES)
class TestEveryScorer:
    def test_new_scorer_has_no_visits(self, scorer_type):
        scorer = scorer_type(7)
        assert scorer.scores.shape == scorer.visits.shape == (7,)
        assert scorer.scores.dtype == torch.float32
        assert not scorer.visits.any()

    def test_state_has_tensors_and_plain_numbers_in_six_bytes_per_sample(self, scorer_type):
        state = scorer_type(1000).state_dict()
        tensors = [value for value in state.values() if isinstance(value, torch.Tensor)]
        assert sum(t.numel() * t.element_size() for t in tensors) <= 6000
        others = [value for value in state.values() if not isinstance(value, torch.Tensor)]
        assert all(isinstance(value, (int, float, str)) for value in others)

    def test_state_of_version_0_1_loads(self, scorer_type):
        scores, visits = torch.tensor([1.0, 3.0]), torch.tensor([2, 300], dtype=torch.int16)
        state = dict(scores=scores, visits=visits, skipped=4, **STATES[scorer_type])
        scorer = scorer_type(2)
        scorer.load_state_dict(state)
        assert torch.equal(scorer.scores, scores)
        assert torch.equal(scorer.visits, visits)
        assert scorer.skipped == 4
        loaded = scorer.state_dict()
        assert {name: loaded[name] for name in STATES[scorer_type]} == STATES[scorer_type]
        assert loaded.keys() == state.keys()

    def test_state_of_another_dataset_is_refused(self, scorer_type):
        with pytest.raises(ValueError, match='belong to 5 samples, but the training set has 6'):
            scorer_type(6).load_state_dict(scorer_type(5).state_dict())

    def test_index_out_of_range_is_refused(self, scorer_type):
        for indices in ([0, 4], [-1, 2]):
            with pytest.raises(IndexError, match='the training set has 4 samples'):
                scorer_type(4).update(indices, torch.ones(2))

    def test_loss_of_another_shape_is_refused(self, scorer_type):
        with pytest.raises(ValueError, match='for a batch of 2 samples'):
            scorer_type(4).update([0, 1], torch.ones(3))

    def test_batches_that_do_not_fit_their_losses_are_refused(self, scorer_type):
        with pytest.raises(ValueError, match='1 batches of 2 samples together need 2 indices and'):
            scorer_type(4).update_batches(np.array([2]), np.arange(2), np.ones(3, np.float32))

    def test_visits_exceed_a_byte_and_stop_before_they_overflow(self, scorer_type):
        scorer = scorer_type(2)
        for _ in range(300):
            scorer.update([0], 1.0)
        assert scorer.visits.tolist() == [300, 0]
        scorer.visits.fill_(MAX_VISITS)
        scorer.update([0], 1.0)
        assert scorer.visits.tolist() == [MAX_VISITS, MAX_VISITS]

    def test_gradients_and_half_precision_are_accepted(self, scorer_type):
        scorer = scorer_type(2)
        scorer.update([0, 1], torch.ones(2, dtype=torch.bfloat16, requires_grad=True))
        assert scorer.scores.tolist() == [1, 1]

    def test_as_loss_is_a_copy(self, scorer_type):
        scorer, loss = scorer_type(2), torch.tensor([3.0])
        copy = scorer.as_loss(loss, 1)
        loss.zero_()
        assert copy == 3

    def test_length_must_be_positive(self, scorer_type):
        with pytest.raises(ValueError, match='num_samples must be a positive integer, but got 0'):
            scorer_type(0)

    def test_use_memory_updates_the_given_arrays(self, scorer_type):
        scorer, own = scorer_type(3), scorer_type(3)
        scores, visits = own.scores.clone(), torch.zeros(3, dtype=torch.int16)
        scorer.use_memory(scores, visits)
        for each in (scorer, own):
            each.update([1], 2.0)
            each.update([2], 4.0)
        assert torch.equal(scores, own.scores)
        assert visits.tolist() == [0, 1, 1]
        scorer.load_state_dict(scorer_type(3).state_dict())
        assert scorer.visits is visits
        assert not visits.any()

    def test_count_skipped_adds(self, scorer_type):
        scorer = scorer_type(2)
        scorer.update([0], float('nan'))
        scorer.count_skipped(3)
        assert scorer.skipped == 4


def test_a_scorer_only_needs_score():
    class LargestLoss(Scorer):
        def score(self, sizes, indices, losses):
            assert sizes.min() >= 1
            assert np.isfinite(losses).all()
            scores = self.scores.numpy()
            scores[indices] = np.maximum(scores[indices], np.repeat(losses, sizes))

    scorer = LargestLoss(4)
    scorer.update([0, 1], 2.0)
    losses = np.array([1, np.nan, 3], dtype=np.float32)
    scorer.update_batches(np.array([1, 1, 2]), np.array([1, 3, 1, 2]), losses)
    assert scorer.scores.tolist() == [2, 3, 3, 0]
    assert scorer.visits.tolist() == [1, 3, 1, 0]
    assert scorer.skipped == 1


def test_a_batch_loss_may_count_as_the_loss_of_each_sample():
    class LastLoss(Scorer):
        needs_sample_losses = accepts_any_loss = True

        def score(self, sizes, indices, losses):
            self.scores.numpy()[indices] = losses

    scorer = LastLoss(3)
    scorer.update([0, 1], 2.0)
    scorer.update([1, 2], [4.0, 5.0])
    assert scorer.scores.tolist() == [2, 4, 5]
