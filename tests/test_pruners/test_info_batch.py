import numpy as np
import pytest

from bls_mm.pruners import InfoBatch

SEEN = np.ones(10, dtype=np.int16)


def select(pruner, scores, epoch=1, seed=0):
    visits = np.ones(len(scores), dtype=np.int16)
    return pruner.select(scores, visits, epoch, 100, np.random.default_rng(seed))


def test_equals_the_definition_by_hand():
    # mean 4: the eight ones are easy, half of them stay and count double; the two 16s stay.
    scores = np.array([1] * 8 + [16] * 2, dtype=np.float32)
    selection = select(InfoBatch(prune_ratio=0.5), scores)
    easy = selection.indices < 8
    assert easy.sum() == 4
    assert selection.indices[~easy].tolist() == [8, 9]
    assert selection.weights[easy].tolist() == [2] * 4
    assert selection.weights[~easy].tolist() == [1, 1]


def test_quantile_variant_by_hand():
    scores = np.arange(100, dtype=np.float32)
    selection = select(InfoBatch(quantiles=(20, 85), keep_ratios=(0.25, 0.5)), scores)
    for low, high, kept, weight in ((0, 20, 5, 4), (20, 85, 32, 2), (85, 100, 15, 1)):
        inside = (selection.indices >= low) & (selection.indices < high)
        assert inside.sum() == kept
        assert set(selection.weights[inside]) == {weight}


def test_the_weights_of_the_kept_stand_for_the_pruned():
    scores = np.random.default_rng(1).gamma(2, 1, 4000).astype(np.float32)
    for ratio in (0.25, 0.5, 0.75):
        assert select(InfoBatch(ratio), scores).weights.sum() == pytest.approx(4000, abs=4)


def test_without_rescaling_the_same_samples_stay_unweighted():
    scores = np.random.default_rng(1).gamma(2, 1, 400).astype(np.float32)
    selection = select(InfoBatch(rescale=False), scores)
    assert selection.weights is None
    np.testing.assert_array_equal(selection.indices, select(InfoBatch(), scores).indices)


def test_equal_scores_prune_nothing():
    selection = select(InfoBatch(), np.full(9, 2, dtype=np.float32))
    assert len(selection.indices) == 9
    assert set(selection.weights) == {1}


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(prune_ratio=1.0), 'prune_ratio must be below 1, but got 1.0'),
        (dict(prune_ratio=-0.1), 'prune_ratio must be a share between 0 and 1, but got -0.1'),
        (dict(delta=1.1), 'delta must be a share between 0 and 1, but got 1.1'),
        (dict(rescale=0.5), 'rescale must be True or False, but got 0.5'),
        (dict(quantiles=(20, 85)), 'belong together'),
        (dict(quantiles=(85, 20), keep_ratios=(0.5, 0.5)), 'ascending percentiles'),
        (dict(quantiles=(20,), keep_ratios=(0.5, 0.5)), 'as many as keep_ratios'),
        (dict(quantiles=(20,), keep_ratios=(0,)), r'shares in \(0, 1\], but got 0'),
    ],
)
def test_bad_options_are_one_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        InfoBatch(**options)
