"""The total row, and the line about SeTa."""

import pytest

from bls_mm.analysis.estimate import RunSize
from bls_mm.analysis.simulation import PlannedEpoch, simulate
from bls_mm.cli.plan_table import explain, table_of_plan

NAN = float('nan')


def test_total_weights_epochs_by_their_samples():
    plan = [PlannedEpoch(1.0, 1.0, NAN), PlannedEpoch(0.5, 2.0, NAN)]
    *_, total = table_of_plan(plan, RunSize(100, 8, 1, 2))
    assert total.split() == ['total', '150', '25.0%', '1.33', '20']


def test_seta_explains_odd_and_even_epochs():
    (line,) = explain(dict(type='SeTa'))
    assert 'a window of 4 of 5 score groups: the easier ones in odd epochs' in line
    assert list(explain(None)) == [line]  # the default pruner
    kept = [e.kept_fraction for e in simulate(dict(type='SeTa'), None, 2000, 2, 8)[1:7]]
    even, odd = kept[::2], kept[1::2]  # from epoch 2 on
    assert max(even) < min(odd)  # hard samples are fewer


def test_seta_explains_longer_cycles():
    (line,) = explain(dict(type='SeTa', window_scale=0.5))  # 3 of 5 groups: 3 positions
    assert 'starts again every 3 epochs' in line


@pytest.mark.parametrize('pruner', [dict(type='InfoBatch'), dict(type='SeTa', window_scale=1)])
def test_others_need_no_line(pruner):
    assert list(explain(pruner)) == []
