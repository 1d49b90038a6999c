import numpy as np
import pytest

from bls_mm.ops.long_arrays import BLOCK
from bls_mm.samplers.order import RandomBijection, ascending_order, epoch_generator, random_order

NUM = 300_000  # several blocks, and no power of two


def order_of(num, seed=0, mask=None, run_length=1):
    rng = np.random.default_rng(seed)
    mask = np.ones(num, dtype=bool) if mask is None else mask
    blocks = random_order(mask, rng, run_length)
    return np.concatenate(list(blocks))


@pytest.mark.parametrize('bits', [1, 2, 7, 16, 31])
def test_bijection_maps_no_two_numbers_to_one(bits):
    bijection = RandomBijection(bits, np.random.default_rng(bits))
    stop = min(2**bits, 2**16)
    assert len(np.unique(bijection(0, stop))) == stop
    assert bijection(0, stop).max() < 2**bits


def test_bijection_of_more_than_32_bits():
    values = RandomBijection(34, np.random.default_rng(0))(2**33, 2**33 + 1000)
    assert len(np.unique(values)) == 1000
    assert 2**33 < values.max() < 2**34


@pytest.mark.parametrize('run_length', [1, 16, BLOCK])
@pytest.mark.parametrize('num', [1, 2, 3, 8, 1000, BLOCK, BLOCK + 1, NUM])
def test_every_kept_sample_comes_once_in_either_order(num, run_length):
    mask = np.random.default_rng(0).random(num) < 0.6
    kept = np.flatnonzero(mask)
    np.testing.assert_array_equal(np.sort(order_of(num, 0, mask, run_length)), kept)
    blocks = list(ascending_order(mask))
    np.testing.assert_array_equal(np.concatenate(blocks), kept)


def test_all_orders_of_few_samples_are_equally_likely():
    orders = [tuple(order_of(4, seed)) for seed in range(4800)]
    counts = np.unique(orders, axis=0, return_counts=True)[1]
    assert len(counts) == 24
    assert ((counts - 200) ** 2 / 200).sum() < 60  # chi-square, 23 degrees of freedom


def test_every_position_of_a_sample_is_equally_likely():
    # How often each tenth of the samples falls into each tenth of the order, in 60 epochs.
    table = np.zeros((10, 10))
    for seed in range(60):
        order = order_of(NUM, seed)
        table += np.histogram2d(order, np.arange(NUM), bins=10)[0]
    expected = 60 * NUM / 100
    # 81 degrees of freedom; draws without replacement vary a little less
    assert ((table - expected) ** 2 / expected).sum() < 140


def test_neighbours_in_the_data_set_are_uncorrelated_in_the_order():
    for seed in range(5):
        order = order_of(NUM, seed)
        place = np.argsort(order).astype(float)
        for distance in (1, 2, 64, 256, 4096):
            for series in (order.astype(float), place):
                correlation = np.corrcoef(series[:-distance], series[distance:])[0, 1]
                assert abs(correlation) < 5 / np.sqrt(NUM)


def test_batches_are_as_mixed_as_those_of_a_true_shuffle():
    # The data set is sorted by its ten classes: the classes of a batch are multinomial.
    batches = order_of(NUM)[: NUM // 250 * 250].reshape(-1, 250) * 10 // NUM
    counts = np.stack([(batches == c).sum(axis=1) for c in range(10)], axis=1)
    variance = 250 * 0.1 * 0.9
    assert abs(counts.var() / variance - 1) < 5 * np.sqrt(2 / counts.size)
    # The same holds for a property that repeats with any power of two.
    for bit in range(18):
        ones = (order_of(NUM)[: NUM // 250 * 250].reshape(-1, 250) >> bit & 1).sum(axis=1)
        fraction = ones.mean() / 250
        ratio = ones.var() / (250 * fraction * (1 - fraction))
        assert abs(ratio - 1) < 5 * np.sqrt(2 / len(ones))


def test_orders_of_two_epochs_are_uncorrelated():
    one, other = (np.argsort(order_of(NUM, seed)).astype(float) for seed in (0, 1))
    assert abs(np.corrcoef(one, other)[0, 1]) < 5 / np.sqrt(NUM)
    assert (one == other).sum() < 10  # one expected


@pytest.mark.parametrize('run_length', [16, 256])
def test_runs_stay_in_one_block_and_are_shuffled_within_it(run_length):
    order = order_of(NUM, run_length=run_length)
    place = np.argsort(order)
    runs = place[: NUM // run_length * run_length].reshape(-1, run_length)
    assert np.median(np.ptp(runs, axis=1)) < BLOCK
    steps = np.abs(np.diff(runs, axis=1))
    assert steps.mean() == pytest.approx(NUM / 2**19 * BLOCK / 3, rel=0.05)  # at random
    first = runs[:, 0].astype(float)
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 5 / np.sqrt(len(runs))


def test_generators_depend_on_seed_epoch_and_purpose_only():
    draws = {
        key: epoch_generator(*key).integers(2**60)
        for key in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    }
    assert len(set(draws.values())) == 4
    assert all(epoch_generator(*key).integers(2**60) == draw for key, draw in draws.items())
