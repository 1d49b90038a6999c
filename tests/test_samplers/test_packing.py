import numpy as np
import pytest

from bls_mm.pruners import Selection
from bls_mm.samplers.packing import pack_selection, unpack_selection


@pytest.mark.parametrize('weights', [None, [2.0], [1.0, 2.0], [1.0, 2.0, 4.0], np.arange(1, 999)])
@pytest.mark.parametrize('num_samples', [1, 7, 8, 1001])
def test_a_round_trip_changes_nothing(weights, num_samples):
    rng = np.random.default_rng(0)
    indices = np.flatnonzero(rng.random(num_samples) < 0.7)
    if weights is not None:
        weights = rng.choice(weights, len(indices)).astype(np.float32)
    back = unpack_selection(pack_selection(Selection(indices, weights), num_samples), num_samples)
    np.testing.assert_array_equal(back.indices, indices)
    if weights is None:
        assert back.weights is None
    else:
        np.testing.assert_array_equal(back.weights, weights)


def test_a_plan_with_two_weights_takes_a_quarter_byte_a_sample():
    selection = Selection(np.arange(8000), np.tile([1, 2], 4000).astype(np.float32))
    packed = pack_selection(selection, 8000)
    assert sum(part.numel() * part.element_size() for part in packed.values()) <= 2000 + 8
