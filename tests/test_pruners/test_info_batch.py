import numpy as np
import pytest

from bls_mm.pruners import InfoBatch, Progress


def prune(pruner, scores, scored=None, seed=0):
    """Returns the indices of the kept samples, and their weights or None."""
    scored = np.ones(len(scores), dtype=bool) if scored is None else scored
    mask, weights = pruner.prune(scores, scored, np.random.default_rng(seed), Progress(1, 100))
    kept = np.flatnonzero(mask)
    return kept, None if weights is None else weights.levels[weights.group[kept]]


def test_half_of_the_samples_below_the_mean_are_kept_with_weight_two():
    scores = np.array([1] * 8 + [16] * 2, dtype=np.float32)  # the mean is 4
    kept, weights = prune(InfoBatch(prune_ratio=0.5), scores)
    easy = kept < 8
    assert easy.sum() == 4
    assert kept[~easy].tolist() == [8, 9]
    assert weights[easy].tolist() == [2] * 4
    assert weights[~easy].tolist() == [1, 1]


def test_quantiles_divide_the_samples_into_groups():
    scores = np.arange(100, dtype=np.float32)
    kept, weights = prune(InfoBatch(quantiles=(20, 85), keep_ratios=(0.25, 0.5)), scores)
    for low, high, number, weight in ((0, 20, 5, 4), (20, 85, 32, 2), (85, 100, 15, 1)):
        inside = (kept >= low) & (kept < high)
        assert inside.sum() == number
        assert set(weights[inside]) == {weight}


def test_total_weight_is_the_number_of_samples():
    scores = np.random.default_rng(1).gamma(2, 1, 4000).astype(np.float32)
    for ratio in (0.25, 0.5, 0.75):
        _, weights = prune(InfoBatch(ratio), scores)
        assert weights.sum() == pytest.approx(4000, abs=4)


def test_without_rescale_the_same_samples_are_kept_unweighted():
    scores = np.random.default_rng(1).gamma(2, 1, 400).astype(np.float32)
    kept, weights = prune(InfoBatch(rescale=False), scores)
    assert weights is None
    np.testing.assert_array_equal(kept, prune(InfoBatch(), scores)[0])


def test_equal_scores_prune_nothing():
    kept, weights = prune(InfoBatch(), np.full(9, 2, dtype=np.float32))
    assert len(kept) == 9
    assert set(weights) == {1}


def test_samples_without_a_score_are_in_a_group_with_weight_one():
    # They do not change the mean, although their scores are low.
    scores = np.array([0] * 20 + [1] * 8 + [16] * 2, dtype=np.float32)
    kept, weights = prune(InfoBatch(prune_ratio=0.5), scores, scored=np.arange(30) >= 20)
    assert kept[:20].tolist() == [*range(20)]
    assert weights.tolist() == [1] * 20 + [2] * 4 + [1] * 2


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(prune_ratio=1.0), 'prune_ratio must be below 1, but got 1.0'),
        (dict(prune_ratio=-0.1), 'prune_ratio must be a fraction between 0 and 1, but got -0.1'),
        (dict(rescale=0.5), 'rescale must be True or False, but got 0.5'),
        (dict(quantiles=(20, 85)), 'belong together'),
        (dict(quantiles=(85, 20), keep_ratios=(0.5, 0.5)), 'ascending percentiles'),
        (dict(quantiles=(20,), keep_ratios=(0.5, 0.5)), 'as many as keep_ratios'),
        (dict(quantiles=(20,), keep_ratios=(0,)), 'keep_ratios must be above 0, but got 0'),
        (dict(quantiles=(20,), keep_ratios=(1.5,)), 'keep_ratios must be a fraction .* got 1.5'),
    ],
)
def test_invalid_options_raise_a_clear_error(options, message):
    with pytest.raises(ValueError, match=message):
        InfoBatch(**options)
