import numpy as np
import pytest

from bls_mm.pruners import histogram
from bls_mm.pruners.histogram import fine_histogram, mean, nth_smallest, percentile, shares_below

VALUES = {
    'gamma': lambda rng: rng.gamma(2, 1, 300_000),
    'negative too': lambda rng: rng.normal(0, 1e-3, 1000),
    'narrow': lambda rng: 2.3 + 1e-4 * rng.random(5000),
    'ties': lambda rng: rng.integers(-3, 4, 1000),
    'zeros of either sign': lambda rng: np.array([0.0, -0.0, 1.0, -1.0]),
    'one': lambda rng: np.array([7.5]),
}


@pytest.fixture(params=VALUES)
def case(request):
    rng = np.random.default_rng(0)
    values = VALUES[request.param](rng).astype(np.float32)
    where = rng.random(len(values)) < 0.8
    where[0] = True
    return values, where


def test_the_nth_smallest_is_exact(case):
    values, where = case
    ordered = np.sort(values[where])
    for rank in {0, len(ordered) // 3, len(ordered) - 1}:
        assert nth_smallest(values, where, rank) == ordered[rank]


def test_percentiles_are_numpys(case):
    values, where = case
    for share in (1, 20, 50, 85, 99.5):
        expected = np.percentile(values[where].astype(float), share)
        assert percentile(values, where, share) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_the_mean_is_that_of_the_values_that_count(case):
    values, where = case
    assert mean(values, where) == pytest.approx(values[where].astype(float).mean(), rel=1e-6)


@pytest.mark.parametrize('looked_at', [histogram.LOOKED_AT, 50])
def test_bins_are_narrow_and_count_every_value(case, looked_at, monkeypatch):
    # Where few values tell how narrow the bins are, all the others still have one.
    monkeypatch.setattr(histogram, 'LOOKED_AT', looked_at)
    values, where = case
    edges, counts = fine_histogram(values, where)
    inside = np.sort(values[where].astype(float))
    assert (np.diff(edges) > 0).all()
    # Every bin counts the values from its edge to the next one ...
    starts = np.searchsorted(inside, edges, side='left')
    np.testing.assert_array_equal(np.diff(starts, append=len(inside)), counts)
    # ... which are at most 0.8 % apart
    width = inside[np.append(starts[1:], len(inside)) - 1] - edges
    assert (width <= 0.0079 * np.abs(inside[starts]) + 1e-30).all()


@pytest.mark.parametrize('looked_at', [histogram.LOOKED_AT, 5000])
def test_dense_values_get_narrower_bins(looked_at, monkeypatch):
    monkeypatch.setattr(histogram, 'LOOKED_AT', looked_at)
    rng = np.random.default_rng(0)
    values = np.append(2.3 + 1e-4 * rng.random(100_000), 1e6).astype(np.float32)
    edges, _ = fine_histogram(values, np.ones(len(values), dtype=bool))
    assert np.diff(edges[:-1]).max() < 3e-6


def test_shares_below_are_ranks(case):
    values, where = case
    shares = np.concatenate(list(shares_below(values, where)))
    inside = values[where]
    ordered = np.sort(inside)
    below, up_to = (np.searchsorted(ordered, inside, side=side) for side in ('left', 'right'))
    assert shares.shape == inside.shape
    # As far as a bin is wide, ranks are shared; equal values are always in one bin.
    width = fine_histogram(values, where).counts.max()
    assert (len(inside) * shares >= below + 0.49 - width).all()
    assert (len(inside) * shares <= up_to - 0.49 + width).all()
    assert shares.mean() == pytest.approx(0.5)
    by_value = shares[np.argsort(inside, kind='stable')]
    assert (np.diff(by_value) >= 0).all()
