import numpy as np
import pytest

from bls_mm.pruners import SeTa

GROUPS = np.repeat([1, 2, 3, 4, 5], 4).astype(np.float32)  # five obvious groups of four


def kept_groups(pruner, epoch, scores=GROUPS, max_epochs=100):
    visits = np.ones(len(scores), dtype=np.int16)
    selection = pruner.select(scores, visits, epoch, max_epochs, np.random.default_rng(0))
    assert selection.weights is None
    return sorted(set(scores[selection.indices].tolist())), len(selection.indices)


def test_the_window_slides_from_easy_to_hard_and_starts_over():
    pruner = SeTa(prune_ratio=0, num_groups=5, window_scale=0.6)  # 3 of 5 groups, 3 positions
    seen = [kept_groups(pruner, epoch)[0] for epoch in range(4)]
    assert seen == [[1, 2, 3], [2, 3, 4], [3, 4, 5], [1, 2, 3]]


@pytest.mark.parametrize(
    ('scale', 'rounding', 'groups'), [(0.5, 'ceil', 3), (0.5, 'round', 2), (0.9, 'ceil', 5)]
)
def test_width_of_the_window_as_in_the_paper_or_its_code(scale, rounding, groups):
    pruner = SeTa(0, num_groups=5, window_scale=scale, window_rounding=rounding)
    assert len(kept_groups(pruner, 0)[0]) == groups


def test_a_random_share_leaves_before_the_window():
    _, kept = kept_groups(SeTa(prune_ratio=0.5, num_groups=1), 1)
    assert kept == 10


def test_annealing_is_partial():
    pruner = SeTa(prune_ratio=0.25, window_scale=0.2, delta=0.5)
    groups, kept = kept_groups(pruner, epoch=5, max_epochs=10)
    assert kept == 15
    assert len(groups) > 1
    assert kept_groups(pruner, epoch=4, max_epochs=10)[1] < 15


def test_few_distinct_scores_leave_something():
    assert kept_groups(SeTa(0), 3, np.ones(6, dtype=np.float32)) == ([1], 6)
    assert kept_groups(SeTa(0), 0, np.array([1, 1, 9, 9], dtype=np.float32))[1] >= 2


def test_where_the_random_share_is_all_that_was_scored_the_others_stay():
    visits = np.array([0, 1, 0], dtype=np.uint8)
    selection = SeTa(prune_ratio=0.1).select(GROUPS[:3], visits, 1, 8, np.random.default_rng(0))
    assert selection.indices.tolist() == [0, 2]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num_groups=0), 'num_groups must be a positive integer, but got 0'),
        (dict(window_scale=0), 'window_scale must be above 0'),
        (dict(window_scale=1.5), 'window_scale must be a share'),
        (dict(window_rounding='floor'), "'ceil' or 'round', got 'floor'"),
    ],
)
def test_bad_options_are_one_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        SeTa(**options)
