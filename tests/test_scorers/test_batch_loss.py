import pytest
import torch

from bls_mm.scorers import BatchLossScorer


def test_scores_equal_the_definition_computed_by_hand():
    # alpha 0.5, first batch (0, 1) has loss 4: every score starts at 4.
    scorer = BatchLossScorer(4, alpha=0.5)
    scorer.update([0, 1], 4.0)
    assert scorer.scores.tolist() == [4, 4, 4, 4]
    scorer.update([1, 2], 2.0)  # 0.5 * 4 + 0.5 * 2
    assert scorer.scores.tolist() == [4, 3, 3, 4]
    scorer.update([1, 3], 1.0)
    assert scorer.scores.tolist() == [4, 2, 3, 2.5]
    assert scorer.visits.tolist() == [1, 3, 1, 1]


def test_zero_init_equals_the_reference_code():
    scorer = BatchLossScorer(3, alpha=0.75, init='zero')
    scorer.update([0, 1], 4.0)
    scorer.update([0, 2], 8.0)
    assert scorer.scores.tolist() == [0.75 * 1 + 0.25 * 8, 1, 2]


def test_start_sets_the_initial_score_once():
    scorer = BatchLossScorer(2, alpha=0.5)
    scorer.start(6.0)
    scorer.start(100.0)
    scorer.update([0], 2.0)
    assert scorer.scores.tolist() == [4, 6]


def test_default_alpha_is_that_of_the_paper():
    scorer = BatchLossScorer(1)
    scorer.update([0], 1.0)
    scorer.update([0], 0.0)
    assert scorer.scores.item() == pytest.approx(0.7)


def test_vector_of_sample_losses_counts_as_its_mean():
    one, other = BatchLossScorer(2), BatchLossScorer(2)
    one.update([0, 1], torch.tensor([1.0, 3.0]))
    other.update([0, 1], 2.0)
    assert torch.equal(one.scores, other.scores)


def test_constant_loss_is_a_fixed_point():
    scorer = BatchLossScorer(5, alpha=0.9)
    for _ in range(20):
        scorer.update([0, 3], 1.5)
    torch.testing.assert_close(scorer.scores, torch.full((5,), 1.5))


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), -float('inf')])
def test_losses_that_are_not_finite_change_nothing_and_are_counted(bad):
    scorer = BatchLossScorer(3)
    scorer.update([0, 1], bad)  # also not the initial score
    scorer.update([0, 1], 2.0)
    before = scorer.scores.clone()
    scorer.update([1, 2], torch.tensor([1.0, bad]))
    assert torch.equal(scorer.scores, before)
    assert scorer.visits.tolist() == [1, 1, 0]
    assert scorer.skipped == 2


def test_loaded_state_continues_alike():
    scorer = BatchLossScorer(4, alpha=0.3)
    scorer.update([0, 1], 2.0)
    copy = BatchLossScorer(4, alpha=0.3)
    copy.load_state_dict(scorer.state_dict())
    for each in (scorer, copy):
        each.update([1, 2], 5.0)
    assert torch.equal(scorer.scores, copy.scores)
    assert torch.equal(scorer.visits, copy.visits)


@pytest.mark.parametrize('alpha', [1.0, -0.1, 'x'])
def test_alpha_out_of_range_is_refused(alpha):
    with pytest.raises(ValueError, match=r'alpha must be in \[0, 1\), but got'):
        BatchLossScorer(4, alpha=alpha)


def test_unknown_init_is_refused():
    with pytest.raises(ValueError, match="'first_batch' or 'zero', but got 'one'"):
        BatchLossScorer(4, init='one')
