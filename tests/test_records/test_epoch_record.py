import numpy as np
import pytest
from record_cases import RUN, record_of

from bls_mm.records.epoch_record import MAX_COUNT, record_epoch, split_budget, turnover


def test_record_contains_mask_and_scores():
    rng = np.random.default_rng(0)
    mask = rng.random(101) < 0.3
    scores = rng.random(101).astype(np.float32)
    record = record_epoch(mask, scores, np.ones(101), num_kept=mask.sum(), **RUN)
    np.testing.assert_array_equal(record.kept, mask)
    np.testing.assert_allclose(record.scores, scores, rtol=1e-3)
    assert (record.num_samples, record.num_kept, record.stride) == (101, mask.sum(), 1)
    assert record[:3] == (2, 4, 30)


def test_large_scores_are_clipped_and_unscored_samples_are_nan():
    scores = np.array([1e6, -1e6, 3], dtype=np.float32)
    record = record_epoch(np.ones(3, bool), scores, np.array([1, 1, 0]), num_kept=3, **RUN)
    assert record.scores[0] == -record.scores[1] == np.finfo(np.float16).max
    assert np.isnan(record.scores[2])


def test_record_without_budget_contains_some_scores():
    scores = np.arange(1500, dtype=np.float32)
    options = dict(RUN, megabytes=0)
    record = record_epoch(np.ones(1500, bool), scores, np.ones(1500), num_kept=1500, **options)
    assert len(record.keep) == 0
    assert record.stride == 2
    np.testing.assert_array_equal(record.scores, scores[::2])


@pytest.mark.parametrize('num_samples', [10, 50_000, 1_281_167, 15_000_000, 400_000_000])
@pytest.mark.parametrize('num_epochs', [1, 6, 300])
@pytest.mark.parametrize('megabytes', [0, 1, 100])
def test_records_stay_within_budget(num_samples, num_epochs, megabytes):
    has_mask, stride = split_budget(num_samples, num_epochs, megabytes)
    size = has_mask * -(-num_samples // 8) + 2 * -(-num_samples // stride)
    assert size * num_epochs <= megabytes * 1e6 + 2050 * num_epochs
    assert -(-num_samples // stride) >= min(num_samples, 512)
    if megabytes * 1e6 > 3 * num_samples * num_epochs:
        assert (has_mask, stride) == (True, 1)


def test_turnover_counts_samples_that_join_and_leave():
    full, empty, half = record_of([1] * 10), record_of([0] * 10), record_of([1, 0] * 5)
    assert turnover(half, half) == 0
    assert turnover(empty, full) == turnover(full, empty) == 1
    assert turnover(full, half) == turnover(half, full) == 0.5
    assert np.isnan(turnover(None, half))


@pytest.mark.parametrize(
    'change',
    [
        dict(epoch=-1),
        dict(epoch=1.0),
        dict(iteration=MAX_COUNT),
        dict(num_samples=10),
        dict(num_samples=0),
        dict(num_kept=10),
        dict(mean_weight=float('nan')),
        dict(mean_weight='1'),
        dict(stride=0),
        dict(stride=2),
        dict(scores=np.zeros(9)),
        dict(scores=np.zeros((9, 1), np.float16)),
        dict(scores=np.full(9, np.inf, np.float16)),
        dict(keep=np.zeros(3, np.uint8)),
        dict(keep=np.zeros(2, bool)),
    ],
    ids=str,
)
def test_inconsistent_records_are_recognised(change):
    record = record_of([1, 0, 1, 1, 0, 0, 1, 0, 1])._replace(num_kept=5)
    assert record.is_consistent
    assert record._replace(keep=np.zeros(0, np.uint8)).is_consistent
    assert not record._replace(**change).is_consistent
