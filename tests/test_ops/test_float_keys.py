import numpy as np

from bls_mm.ops.float_keys import keys_of, values_of

EXTREMES = np.finfo(np.float32)
VALUES = np.float32(
    [EXTREMES.min, -1.5, -1, -EXTREMES.tiny, -1e-45, 0, 1e-45, EXTREMES.tiny, 1, 1.5, EXTREMES.max]
)


def keys(values):
    return np.concatenate(list(keys_of(values, np.ones(len(values), dtype=bool))))


def test_keys_have_the_order_of_the_values():
    assert (np.diff(keys(VALUES).astype(np.int64)) > 0).all()


def test_values_of_inverts_keys_of():
    np.testing.assert_array_equal(values_of(keys(VALUES)), VALUES)


def test_negative_zero_has_the_key_of_zero():
    assert keys(np.float32([-0.0])) == keys(np.float32([0.0]))


def test_keys_are_those_of_the_selected_values_over_many_blocks():
    values = np.random.default_rng(0).normal(size=200_000).astype(np.float32)
    where = values > 0
    where[:70_000] = True  # the first block is selected completely
    selected = np.concatenate(list(keys_of(values, where)))
    np.testing.assert_array_equal(values_of(selected), values[where])
