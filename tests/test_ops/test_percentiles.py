import numpy as np
import pytest
from ops_cases import CASES, make_case

from bls_mm.ops.percentiles import masked_mean, nth_smallest, percentile


@pytest.fixture(params=CASES)
def case(request):
    return make_case(request.param)


def test_nth_smallest_is_exact(case):
    values, where = case
    ordered = np.sort(values[where])
    for rank in {0, len(ordered) // 3, len(ordered) - 1}:
        assert nth_smallest(values, where, rank) == ordered[rank]


def test_percentile_equals_numpy(case):
    values, where = case
    for percent in (1, 20, 50, 85, 99.5):
        expected = np.percentile(values[where].astype(float), percent)
        assert percentile(values, where, percent) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_masked_mean_is_the_mean_of_the_selected_values(case):
    values, where = case
    assert masked_mean(values, where) == pytest.approx(values[where].astype(float).mean(), rel=1e-6)
