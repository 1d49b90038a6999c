import numpy as np
import pytest

from bls_mm.planning import Planner
from bls_mm.pruners import Progress, SeTa

SCORES = np.repeat([1, 2, 3, 4, 5], 4).astype(np.float32)  # five separate groups of four


def prune(pruner, epoch, scores=SCORES):
    """Returns the distinct scores of the kept samples, and their number."""
    scored = np.ones(len(scores), dtype=bool)
    progress = Progress(epoch, 100)
    mask, weights = pruner.prune(scores, scored, np.random.default_rng(0), progress)
    assert weights is None
    return sorted(set(scores[mask].tolist())), np.count_nonzero(mask)


def test_window_moves_from_easy_to_hard_and_starts_again():
    pruner = SeTa(prune_ratio=0, num_groups=5, window_scale=0.6)  # 3 of 5 groups, 3 positions
    seen = [prune(pruner, epoch)[0] for epoch in range(4)]
    assert seen == [[1, 2, 3], [2, 3, 4], [3, 4, 5], [1, 2, 3]]


@pytest.mark.parametrize(
    ('scale', 'rounding', 'groups'), [(0.5, 'ceil', 3), (0.5, 'round', 2), (0.9, 'ceil', 5)]
)
def test_window_has_the_width_of_the_paper_or_of_its_code(scale, rounding, groups):
    pruner = SeTa(0, num_groups=5, window_scale=scale, window_rounding=rounding)
    assert len(prune(pruner, 0)[0]) == groups


def test_a_random_fraction_is_pruned_before_the_window():
    _, kept = prune(SeTa(prune_ratio=0.5, num_groups=1), 1)
    assert kept == 10


@pytest.mark.parametrize('interval', [1, 2, 4])
def test_window_moves_with_each_selection(interval):
    planner = Planner(SeTa(prune_ratio=0), delta=1.0, interval=interval)  # 4 of 5 groups
    visits, kept = np.ones(len(SCORES), dtype=np.uint8), np.zeros(len(SCORES))
    for epoch in range(8 * interval):
        kept += planner.plan(SCORES, visits, epoch, 99, np.random.default_rng(epoch)).mask
    assert set(kept / interval) == {4, 8}  # easiest and hardest in every second selection


def test_annealing_keeps_samples_without_a_score():
    visits = np.arange(len(SCORES), dtype=np.uint8) % 2
    plan = Planner(SeTa(prune_ratio=0.9), delta=0.5).plan(
        SCORES, visits, 9, 10, np.random.default_rng(0)
    )
    assert plan.mask[visits == 0].all() and not plan.mask.all()


def test_annealing_keeps_a_random_fraction_of_all_samples():
    planner = Planner(SeTa(prune_ratio=0.25, window_scale=0.2), delta=0.5)
    visits = np.ones(len(SCORES), dtype=np.uint8)

    def plan(epoch):
        return planner.plan(SCORES, visits, epoch, 10, np.random.default_rng(0))

    annealing = plan(5)
    assert annealing.num_kept == 15
    assert annealing.weights is None
    assert len(set(SCORES[annealing.indices])) > 1
    assert plan(4).num_kept < 15


def test_few_distinct_scores_keep_some_samples():
    assert prune(SeTa(0), 3, np.ones(6, dtype=np.float32)) == ([1], 6)
    assert prune(SeTa(0), 0, np.array([1, 1, 9, 9], dtype=np.float32))[1] >= 2


def test_unscored_samples_are_kept_if_all_scored_ones_are_pruned():
    visits = np.array([0, 1, 0], dtype=np.uint8)
    planner = Planner(SeTa(prune_ratio=0.1))
    plan = planner.plan(SCORES[:3], visits, 1, 8, np.random.default_rng(0))
    assert plan.indices.tolist() == [0, 2]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num_groups=0), 'num_groups must be a positive integer, but got 0'),
        (dict(num_groups=True), 'num_groups must be a positive integer, but got True'),
        (dict(window_scale=0), 'window_scale must be above 0'),
        (dict(window_scale=1.5), 'window_scale must be a fraction'),
        (dict(window_rounding='floor'), "'ceil' or 'round', but got 'floor'"),
    ],
)
def test_invalid_options_raise_a_clear_error(options, message):
    with pytest.raises(ValueError, match=message):
        SeTa(**options)
