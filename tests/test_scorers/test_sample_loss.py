import pytest
import torch

from bls_mm.scorers import SampleLossScorer


def test_remembers_the_latest_loss_of_each_sample():
    scorer = SampleLossScorer(4)
    scorer.update([0, 2], torch.tensor([1.0, 3.0]))
    scorer.update([2, 3], torch.tensor([0.5, 2.0]))
    assert scorer.scores.tolist() == [1.0, 0.0, 0.5, 2.0]
    assert scorer.visits.tolist() == [1, 0, 2, 1]


def test_a_bad_loss_spoils_only_its_own_sample():
    scorer = SampleLossScorer(3)
    scorer.update([0, 1, 2], torch.tensor([1.0, float('nan'), 2.0]))
    assert scorer.scores.tolist() == [1.0, 0.0, 2.0]
    assert scorer.visits.tolist() == [1, 0, 1]
    assert scorer.skipped == 1


def test_a_batch_scalar_is_refused_unless_the_batch_is_one_sample():
    scorer = SampleLossScorer(3)
    scorer.update([1], 2.0)
    assert scorer.scores.tolist() == [0.0, 2.0, 0.0]
    with pytest.raises(ValueError, match='needs the loss of each sample, but got one scalar'):
        scorer.update([0, 1], 2.0)
