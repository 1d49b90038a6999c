import pytest
import torch

from bls_mm.scorers import SampleLossScorer


def test_score_is_the_latest_loss_of_the_sample():
    scorer = SampleLossScorer(4)
    scorer.update([0, 2], torch.tensor([1.0, 3.0]))
    scorer.update([2, 3], torch.tensor([0.5, 2.0]))
    assert scorer.scores.tolist() == [1.0, 0.0, 0.5, 2.0]
    assert scorer.visits.tolist() == [1, 0, 2, 1]


def test_loss_that_is_not_finite_skips_only_its_sample():
    scorer = SampleLossScorer(3)
    scorer.update([0, 1, 2], torch.tensor([1.0, float('nan'), 2.0]))
    assert scorer.scores.tolist() == [1.0, 0.0, 2.0]
    assert scorer.visits.tolist() == [1, 0, 1]
    assert scorer.skipped == 1


def test_scalar_loss_is_refused_unless_the_batch_has_one_sample():
    scorer = SampleLossScorer(3)
    scorer.update([1], 2.0)
    assert scorer.scores.tolist() == [0.0, 2.0, 0.0]
    for indices in ([], [0, 1]):
        with pytest.raises(ValueError, match='needs the loss of each sample, but got one scalar'):
            scorer.update(indices, 2.0)
