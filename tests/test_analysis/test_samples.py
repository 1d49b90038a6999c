import numpy as np
import pytest

from bls_mm.analysis.samples import choose_samples, mean_by_group, swapped_fractions, table_of
from bls_mm.records.epoch_record import EpochRecord


def record(epoch, kept, scores, stride=1):
    keep = np.packbits(np.array(kept, dtype=bool), bitorder='little')
    scores = np.array(scores, dtype=np.float16)
    return EpochRecord(epoch, 4, 10 * epoch, len(kept), sum(kept), 1.0, stride, scores, keep)


HISTORY = [
    record(0, [1, 1, 1, 1, 1], [1, 2, 3, 4, 5]),
    record(1, [1, 0, 1, 0, 1], [5, 2, 3, 4, 1]),
    record(2, [1, 0, 0, 1, 1], [1, 2, 3, 4, 5]),
    record(3, [0, 0, 1, 1, 1], [5, 2, 3, 4, 1]),
]


def test_table_counts_epochs_of_each_sample():
    table = table_of(HISTORY)
    assert table.seen.tolist() == [3, 1, 3, 3, 4]
    assert table.unseen.tolist() == [1, 3, 1, 1, 0]
    assert table.last_seen.tolist() == [3, 1, 4, 4, 4]
    assert table.scores.tolist() == [5, 2, 3, 4, 1]
    assert table.volatility.tolist() == [0.5, 0, 0, 0, 0.5]


def test_volatility_ignores_common_trend_of_scores():
    history = [r._replace(scores=HISTORY[0].scores / 2**r.epoch) for r in HISTORY]
    assert not table_of(history).volatility.any()


def test_table_with_stride():
    history = [record(0, [1, 0, 0, 1, 1], [1, 2, 3], stride=2)]
    table = table_of(history)
    assert table.indices.tolist() == [0, 2, 4]
    assert table.seen.tolist() == [1, 0, 1]


@pytest.mark.parametrize('seed', range(5))
def test_swapped_fractions_sum_to_change_in_size(seed):
    kept = np.random.default_rng(seed).integers(0, 2, (6, 40))
    fractions = swapped_fractions([record(i, row, [0] * 40) for i, row in enumerate(kept)])
    change = np.diff(kept.mean(1))
    np.testing.assert_allclose(fractions['joined'] - fractions['left'], change, atol=1e-12)
    assert fractions['epoch'].tolist() == [2, 3, 4, 5, 6]


def test_chosen_samples_are_extreme():
    chosen = choose_samples(table_of(HISTORY), 2)
    assert chosen['hardest'].tolist() == [0, 3]
    assert chosen['easiest'].tolist() == [4, 1]
    assert chosen['unseen'][0] == 1
    assert set(chosen['volatile']) == {0, 4}


def test_unscored_sample_is_neither_hard_nor_easy():
    chosen = choose_samples(table_of([record(0, [1] * 3, [2, np.nan, 1])]), 3)
    assert chosen['hardest'].tolist() == [0, 2, 1]
    assert chosen['easiest'].tolist() == [2, 0, 1]
    assert 'unseen' not in chosen


def test_sample_counts_for_all_its_groups():
    means = mean_by_group(np.array([1.0, 0.0, 0.5]), [['a'], ['a', 'b'], ['b']])
    assert means == dict(b=(0.25, 2), a=(0.5, 2))
    assert list(means) == ['b', 'a']
