import numpy as np
import pytest
import torch

from bls_mm.scorers import BatchLossScorer, ResidualScorer


def test_equals_the_definition_by_hand():
    scorer = ResidualScorer(4, noise=0, memory=10)
    scorer.update([0, 1], 2.0)  # the first batch is the level: nothing is unexpected
    assert scorer.scores.tolist() == [1, 1, 1, 1]
    # level: 2 batches seen, so (2 + 4) / 2 = 3; L / m = 4/3, expected 1; sample 2 is new: gain 1;
    # sample 1 was in one batch of 2: gain 1 / (1 + 1/2)
    scorer.update([1, 2], 4.0)
    torch.testing.assert_close(scorer.scores, torch.tensor([1, 1 + 2 / 9, 1 + 1 / 3, 1]))
    assert scorer.visits.tolist() == [1, 2, 1, 0]


def losses_of(batches, truth, level=1.0):
    return [level * truth[batch].mean() for batch in batches]


def random_batches(rng, num_samples, batch_size, epochs):
    for _ in range(epochs):
        yield from rng.permutation(num_samples).reshape(-1, batch_size)


def correlation(scores, truth):
    return np.corrcoef(scores, truth)[0, 1]


def test_finds_losses_that_batches_hide_far_better_than_an_average_does():
    rng = np.random.default_rng(0)
    truth = rng.gamma(2, 0.5, 400)
    residual, average = ResidualScorer(400), BatchLossScorer(400)
    for batch in random_batches(rng, 400, 8, epochs=30):
        for scorer in (residual, average):
            scorer.update(batch, truth[batch].mean())
    assert correlation(residual.scores, truth) > 0.9
    assert correlation(average.scores, truth) < 0.75


def test_scores_are_losses_relative_to_the_mean_whatever_the_unit():
    rng = np.random.default_rng(0)
    truth = rng.gamma(2, 0.5, 200)
    small, large = ResidualScorer(200), ResidualScorer(200)
    for batch in random_batches(rng, 200, 4, epochs=40):
        small.update(batch, 2.0**-8 * truth[batch].mean())
        large.update(batch, 2.0**8 * truth[batch].mean())
    assert torch.equal(small.scores, large.scores)
    assert small.scores.mean().item() == pytest.approx(1, abs=0.02)
    assert np.abs(small.scores.numpy() - truth / truth.mean()).mean() < 0.1


def test_a_sample_unseen_while_losses_fell_keeps_its_place():
    rng = np.random.default_rng(0)
    truth = rng.gamma(2, 0.5, 4000)
    residual, average = ResidualScorer(4000), BatchLossScorer(4000)
    level = 1.0
    for epoch in range(20):
        seen = np.arange(4000) if epoch < 10 else np.arange(400, 4000)  # 0 to 399 are pruned
        for batch in rng.permutation(seen).reshape(-1, 4):
            level *= 0.9997
            for scorer in (residual, average):
                scorer.update(batch, level * truth[batch].mean())
    rank = {
        scorer: (scorer.scores[:400, None] > scorer.scores[None, 400:]).float().mean().item()
        for scorer in (residual, average)
    }
    assert rank[residual] == pytest.approx(0.5, abs=0.05)
    assert rank[average] > 0.9


def test_with_sample_losses_each_sample_is_a_batch_of_its_own():
    own, alone = ResidualScorer(3, per_sample=True), ResidualScorer(3)
    own._follow_level = alone._follow_level = lambda sizes, losses: np.full((2, len(losses)), 2.0)
    own.update([0, 2], torch.tensor([1.0, 5.0]))
    alone.update([0], 1.0)
    alone.update([2], 5.0)
    torch.testing.assert_close(own.scores, alone.scores)


def test_batches_of_one_accumulation_tell_more_apart_than_as_their_mean():
    rng = np.random.default_rng(0)
    truth = rng.gamma(2, 0.5, 800)
    apart, together = ResidualScorer(800), ResidualScorer(800)
    for batch in random_batches(rng, 800, 16, epochs=20):
        for part in batch.reshape(4, 4):
            apart.update(part, truth[part].mean())
        together.update(batch, truth[batch].mean())
    assert correlation(apart.scores, truth) > correlation(together.scores, truth) + 0.1


@pytest.mark.parametrize('vectors', [True, False])
def test_auto_decides_by_the_first_loss_and_a_resumed_scorer_decides_the_same(vectors):
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
    sizes = torch.full((len(batches) - 17,), 6)
    second.update_many(sizes, torch.from_numpy(np.concatenate(batches[17:])), losses[17:])
    assert torch.equal(whole.scores, second.scores)
    assert torch.equal(whole.visits, second.visits)


def test_losses_of_any_sign_and_none_at_all_give_finite_scores_in_the_right_order():
    rng = np.random.default_rng(0)
    truth = rng.gamma(2, 0.5, 100) - 5
    scorer = ResidualScorer(100)
    for batch in random_batches(rng, 100, 2, epochs=40):
        scorer.update(batch, truth[batch].mean())
    assert correlation(scorer.scores, truth) > 0.9
    silent = ResidualScorer(4)
    for batch in ([0, 1], [2, 3], [0, 2]):
        silent.update(batch, 0.0)
    assert silent.scores.tolist() == [1, 1, 1, 1]
