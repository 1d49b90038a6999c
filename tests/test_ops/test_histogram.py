import numpy as np
import pytest
from ops_cases import CASES, make_case

from bls_mm.ops import histogram
from bls_mm.ops.histogram import fine_histogram, percentile_ranks


@pytest.fixture(params=CASES)
def case(request):
    return make_case(request.param)


@pytest.mark.parametrize('max_sampled', [histogram.MAX_SAMPLED, 50])
def test_bins_are_narrow_and_count_every_value(case, max_sampled, monkeypatch):
    # If few values determine the widths of the bins, all the others must still have a bin.
    monkeypatch.setattr(histogram, 'MAX_SAMPLED', max_sampled)
    values, where = case
    edges, counts, _ = fine_histogram(values, where)
    inside = np.sort(values[where].astype(float))
    assert (np.diff(edges) > 0).all()
    # A bin counts the values from its edge to the next one ...
    starts = np.searchsorted(inside, edges, side='left')
    np.testing.assert_array_equal(np.diff(starts, append=len(inside)), counts)
    # ... and these are at most 0.8 % apart.
    width = inside[np.append(starts[1:], len(inside)) - 1] - edges
    assert (width <= 0.0079 * np.abs(inside[starts]) + 1e-30).all()


@pytest.mark.parametrize('max_sampled', [histogram.MAX_SAMPLED, 5000])
def test_dense_values_get_narrower_bins(max_sampled, monkeypatch):
    monkeypatch.setattr(histogram, 'MAX_SAMPLED', max_sampled)
    rng = np.random.default_rng(0)
    values = np.append(2.3 + 1e-4 * rng.random(100_000), 1e6).astype(np.float32)
    edges, _, _ = fine_histogram(values, np.ones(len(values), dtype=bool))
    assert np.diff(edges[:-1]).max() < 3e-6


def test_percentile_ranks_are_fractions_of_lower_values(case):
    values, where = case
    ranks = np.concatenate(list(percentile_ranks(values, where)))
    inside = values[where]
    ordered = np.sort(inside)
    below, up_to = (np.searchsorted(ordered, inside, side=side) for side in ('left', 'right'))
    assert ranks.shape == inside.shape
    # Values in the same bin have the same rank; equal values are always in the same bin.
    width = fine_histogram(values, where).counts.max()
    assert (len(inside) * ranks >= below + 0.49 - width).all()
    assert (len(inside) * ranks <= up_to - 0.49 + width).all()
    assert ranks.mean() == pytest.approx(0.5)
    by_value = ranks[np.argsort(inside, kind='stable')]
    assert (np.diff(by_value) >= 0).all()
