import numpy as np
import pytest
import torch

from bls_mm.scorers import BatchLossScorer, ResidualScorer, SampleLossScorer
from bls_mm.scorers.scorer import MAX_VISITS


class ResidualOfSamples(ResidualScorer):
    def __init__(self, num_samples):
        super().__init__(num_samples, per_sample=True)


@pytest.mark.parametrize(
    'scorer_type', [BatchLossScorer, SampleLossScorer, ResidualScorer, ResidualOfSamples]
)
class TestEveryScorer:
    def test_starts_unvisited(self, scorer_type):
        scorer = scorer_type(7)
        assert scorer.scores.shape == scorer.visits.shape == (7,)
        assert scorer.scores.dtype == torch.float32
        assert not scorer.visits.any()

    def test_state_holds_tensors_and_plain_numbers_in_six_bytes_a_sample(self, scorer_type):
        state = scorer_type(1000).state_dict()
        tensors = [value for value in state.values() if isinstance(value, torch.Tensor)]
        assert sum(t.numel() * t.element_size() for t in tensors) <= 6000
        others = [value for value in state.values() if not isinstance(value, torch.Tensor)]
        assert all(isinstance(value, (int, float, str)) for value in others)

    def test_state_of_another_data_set_is_refused(self, scorer_type):
        with pytest.raises(ValueError, match='belong to 5 samples, but the training set has 6'):
            scorer_type(6).load_state_dict(scorer_type(5).state_dict())

    def test_an_index_outside_is_refused(self, scorer_type):
        for indices in ([0, 4], [-1, 2]):
            with pytest.raises(IndexError, match='the training set has 4 samples'):
                scorer_type(4).update(indices, torch.ones(2))

    def test_shapes_must_fit(self, scorer_type):
        with pytest.raises(ValueError, match='for a batch of 2 samples'):
            scorer_type(4).update([0, 1], torch.ones(3))

    def test_visits_are_counted_beyond_a_byte_and_stop_before_they_overflow(self, scorer_type):
        scorer = scorer_type(2)
        for _ in range(300):
            scorer.update([0], 1.0)
        assert scorer.visits.tolist() == [300, 0]
        scorer.visits.fill_(MAX_VISITS)
        scorer.update([0], 1.0)
        assert scorer.visits.tolist() == [MAX_VISITS, MAX_VISITS]

    @pytest.mark.parametrize('bad', [None, float('nan')])
    @pytest.mark.parametrize('repeats', [False, True])
    def test_many_batches_at_once_are_the_same_as_one_by_one(self, scorer_type, bad, repeats):
        rng = np.random.default_rng(0)
        one, other = scorer_type(200), scorer_type(200)
        for _ in range(3):
            sizes = torch.from_numpy(rng.integers(1, 6, 40))
            total = int(sizes.sum())
            indices = rng.integers(200, size=total) if repeats else rng.permutation(200)[:total]
            indices = torch.from_numpy(indices)
            losses = torch.rand(total if one.needs_sample_losses else 40)
            if bad is not None:
                losses[[0, 7]] = bad
            each = losses.split(sizes.tolist() if one.needs_sample_losses else 1)
            for batch, loss in zip(indices.split(sizes.tolist()), each):
                one.update(batch, loss if one.needs_sample_losses else loss[0])
            other.update_many(sizes, indices.to(torch.int32), losses)
        assert torch.equal(one.scores, other.scores)
        assert torch.equal(one.visits, other.visits)
        assert one.skipped == other.skipped == (0 if bad is None else 6)

    def test_gradients_and_half_precision_are_taken(self, scorer_type):
        scorer = scorer_type(2)
        scorer.update([0, 1], torch.ones(2, dtype=torch.bfloat16, requires_grad=True))
        assert scorer.scores.tolist() == [1, 1]

    def test_length_must_be_positive(self, scorer_type):
        with pytest.raises(ValueError, match='num_samples must be a positive integer, but got 0'):
            scorer_type(0)


@pytest.mark.parametrize('scorer_type', [BatchLossScorer, ResidualScorer])
def test_an_empty_batch_scores_nothing(scorer_type):
    one, other = scorer_type(4), scorer_type(4)
    one.update([0, 1], 5.0)
    one.update([2], 7.0)
    losses = torch.tensor([5.0, 6.0, 7.0])
    other.update_many(torch.tensor([2, 0, 1]), torch.tensor([0, 1, 2]), losses)
    assert torch.equal(one.scores, other.scores)


def test_a_huge_batch_may_hold_a_sample_twice():
    num = 70_000
    indices = torch.arange(num)
    indices[-1] = 0
    scorer = BatchLossScorer(num, alpha=0.5)
    scorer.update_many(torch.tensor([num]), indices, torch.tensor([2.0]))
    assert (scorer.scores == 2).all()
    assert scorer.visits[-1] == 0
