import numpy as np
import pytest
import torch

from bls_mm.scorers import BatchLossScorer, ResidualScorer


def test_scores_equal_the_definition_computed_by_hand():
    scorer = ResidualScorer(4, noise=0, memory=10)
    scorer.update([0, 1], 2.0)  # the level is 2: no residual
    assert scorer.scores.tolist() == [1, 1, 1, 1]
    # The level of 2 batches is (2 + 4) / 2 = 3, so L / m = 4/3; the scores explain 1 of it.
    # Sample 2 is new: gain 1. Sample 1 was in one batch of 2 samples: gain 1 / (1 + 1/2).
    scorer.update([1, 2], 4.0)
    torch.testing.assert_close(scorer.scores, torch.tensor([1, 1 + 2 / 9, 1 + 1 / 3, 1]))
    assert scorer.visits.tolist() == [1, 2, 1, 0]


def random_batches(rng, num_samples, batch_size, epochs):
    for _ in range(epochs):
        yield from rng.permutation(num_samples).reshape(-1, batch_size)


def correlation(scores, truth):
    return np.corrcoef(scores, truth)[0, 1]


def test_scores_correlate_more_with_sample_losses_than_a_moving_average():
    rng = np.random.default_rng(0)
    truth = rng.gamma(2, 0.5, 400)
    residual, average = ResidualScorer(400), BatchLossScorer(400)
    for batch in random_batches(rng, 400, 8, epochs=30):
        for scorer in (residual, average):
            scorer.update(batch, truth[batch].mean())
    assert correlation(residual.scores, truth) > 0.9
    assert correlation(average.scores, truth) < 0.75


def test_scores_are_relative_losses_and_independent_of_the_unit():
    rng = np.random.default_rng(0)
    truth = rng.gamma(2, 0.5, 200)
    small, large = ResidualScorer(200), ResidualScorer(200)
    for batch in random_batches(rng, 200, 4, epochs=40):
        small.update(batch, 2.0**-8 * truth[batch].mean())
        large.update(batch, 2.0**8 * truth[batch].mean())
    assert torch.equal(small.scores, large.scores)
    assert small.scores.mean().item() == pytest.approx(1, abs=0.02)
    assert np.abs(small.scores.numpy() - truth / truth.mean()).mean() < 0.1


def test_pruned_sample_keeps_its_rank_while_losses_fall():
    rng = np.random.default_rng(0)
    truth = rng.gamma(2, 0.5, 4000)
    residual, average = ResidualScorer(4000), BatchLossScorer(4000)
    level = 1.0
    for epoch in range(20):
        seen = np.arange(4000) if epoch < 10 else np.arange(400, 4000)  # 0 to 399 are pruned
        batches = rng.permutation(seen).reshape(-1, 4)
        levels = level * 0.9997 ** np.arange(1, len(batches) + 1)
        level = levels[-1]
        losses = (levels * truth[batches].mean(axis=1)).astype(np.float32)
        for scorer in (residual, average):
            scorer.update_batches(np.full(len(batches), 4), batches.ravel(), losses)
    rank = {
        scorer: (scorer.scores[:400, None] > scorer.scores[None, 400:]).float().mean().item()
        for scorer in (residual, average)
    }
    assert rank[residual] == pytest.approx(0.5, abs=0.05)
    assert rank[average] > 0.9


def test_sample_losses_equal_the_definition_computed_by_hand():
    scorer = ResidualScorer(3, noise=0, memory=10, per_sample=True)
    scorer.update([0, 2], torch.tensor([1.0, 5.0]))  # level 3; all samples are new: gain 1
    torch.testing.assert_close(scorer.scores, torch.tensor([1 / 3, 1, 5 / 3]))
    # Level (3 + 3) / 2. Sample 0 has one visit: gain 1 / (1 + 1), from 1/3 towards 2/3.
    scorer.update([0, 1], torch.tensor([2.0, 4.0]))
    torch.testing.assert_close(scorer.scores, torch.tensor([1 / 2, 4 / 3, 5 / 3]))


def test_single_batches_of_an_accumulation_give_better_scores_than_their_mean():
    rng = np.random.default_rng(0)
    truth = rng.gamma(2, 0.5, 800)
    apart, together = ResidualScorer(800), ResidualScorer(800)
    for batch in random_batches(rng, 800, 16, epochs=20):
        for part in batch.reshape(4, 4):
            apart.update(part, truth[part].mean())
        together.update(batch, truth[batch].mean())
    assert correlation(apart.scores, truth) > correlation(together.scores, truth) + 0.1


@pytest.mark.parametrize('vectors', [True, False])
def test_auto_decides_by_the_first_loss_and_keeps_the_decision_when_resumed(vectors):
    scorer = ResidualScorer(4, per_sample='auto')
    assert scorer.needs_sample_losses is None
    loss = torch.tensor([1.0, 3.0]) if vectors else torch.tensor(2.0)
    scorer.update([0, 1], loss)
    assert scorer.needs_sample_losses is vectors
    resumed = ResidualScorer(4, per_sample='auto')
    resumed.load_state_dict(scorer.state_dict())
    assert resumed.needs_sample_losses is vectors
    for each in (scorer, resumed):
        each.update([0, 2], loss)
    assert torch.equal(scorer.scores, resumed.scores)


def test_auto_gives_a_later_batch_loss_to_each_sample():
    auto, expected = ResidualScorer(4, per_sample='auto'), ResidualScorer(4, per_sample=True)
    auto.update([0, 1], [1.0, 3.0])
    auto.update([0, 2], 2.5)
    expected.update([0, 1], [1.0, 3.0])
    expected.update([0, 2], [2.5, 2.5])
    assert torch.equal(auto.scores, expected.scores)
    with pytest.raises(ValueError, match='needs the loss of each sample, but got one scalar'):
        expected.update([0, 2], 2.5)


@pytest.mark.parametrize('repeats', [False, True])
def test_auto_takes_batch_losses_if_no_loss_has_decided(repeats):
    scorer = ResidualScorer(4, per_sample='auto')
    indices = np.array([0, 1, 0 if repeats else 2])
    scorer.update_batches(np.array([2, 1]), indices, np.ones(2, dtype=np.float32))
    assert scorer.needs_sample_losses is False


def test_state_resumes_between_any_two_batches():
    rng = np.random.default_rng(1)
    batches = list(random_batches(rng, 60, 6, epochs=4))
    losses = torch.from_numpy(rng.gamma(2, 0.5, len(batches)).astype(np.float32))
    whole = ResidualScorer(60)
    for batch, loss in zip(batches, losses):
        whole.update(batch, loss)
    first, second = ResidualScorer(60), ResidualScorer(60)
    for batch, loss in zip(batches[:17], losses):
        first.update(batch, loss)
    second.load_state_dict(first.state_dict())
    sizes = np.full(len(batches) - 17, 6)
    second.update_batches(sizes, np.concatenate(batches[17:]), losses[17:].numpy())
    assert torch.equal(whole.scores, second.scores)
    assert torch.equal(whole.visits, second.visits)


def test_losses_below_zero_are_ranked():
    rng = np.random.default_rng(0)
    truth = rng.gamma(2, 0.5, 100) - 5
    scorer = ResidualScorer(100)
    for batch in random_batches(rng, 100, 2, epochs=40):
        scorer.update(batch, truth[batch].mean())
    assert correlation(scorer.scores, truth) > 0.9


@pytest.mark.parametrize('per_sample', [False, True])
def test_losses_of_zero_leave_the_scores_unchanged(per_sample):
    scorer = ResidualScorer(4, per_sample=per_sample)
    for batch in ([0, 1], [2, 3], [0, 2]):
        scorer.update(batch, torch.zeros(2))
    assert scorer.scores.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize('per_sample', [False, True])
def test_first_losses_that_cancel_leave_the_scores_finite(per_sample):
    scorer = ResidualScorer(4, noise=0, per_sample=per_sample)
    scorer.update([0, 1], torch.tensor([8.0, -8.0]))  # level 0; their mean absolute value is 8
    if per_sample:
        assert scorer.scores.tolist() == [2, 0, 1, 1]
    else:
        assert scorer.scores.tolist() == [1, 1, 1, 1]
    for batch in ([0, 1], [2, 3], [0, 2]):
        scorer.update(batch, torch.tensor([3.0, -3.0]))
    assert torch.isfinite(scorer.scores).all()


@pytest.mark.parametrize('per_sample', [False, True])
@pytest.mark.parametrize('unit', [1e-44, 1e-30, 1.0, 1e30])
@pytest.mark.parametrize('seed', range(3))
def test_scores_are_bounded_for_losses_of_any_sign_and_unit(seed, unit, per_sample):
    rng = np.random.default_rng(seed)
    scorer = ResidualScorer(64, per_sample=per_sample)
    for batch in random_batches(rng, 64, 8, epochs=20):
        losses = unit * rng.choice([-1, 0, 1, 1000], size=8, p=[0.45, 0.1, 0.44, 0.01])
        scorer.update(batch, torch.tensor(losses, dtype=torch.float32))
    assert scorer.scores.abs().max() < 200
