import numpy as np
import pytest

from bls_mm.pruners import GroupWeights, Selection


@pytest.mark.parametrize('weights', [None, [2.0], [1.0, 2.0], [1.0, 2.0, 4.0], np.arange(1, 999)])
@pytest.mark.parametrize('num_samples', [1, 7, 8, 1001])
def test_gives_back_what_it_was_given_also_from_a_checkpoint(weights, num_samples):
    rng = np.random.default_rng(0)
    indices = np.flatnonzero(rng.random(num_samples) < 0.7)
    if weights is not None:
        weights = rng.choice(weights, len(indices)).astype(np.float32)
    selection = Selection(indices, weights)
    for each in (selection, Selection.from_arrays(selection.as_arrays())):
        np.testing.assert_array_equal(each.indices, indices)
        assert each.num_kept == len(indices)
        if weights is None:
            assert each.weights is None
            assert each.mean_weight == 1
        else:
            np.testing.assert_array_equal(each.weights, weights)
            np.testing.assert_array_equal(each.weights_of(indices[::-1]), weights[::-1])
            if len(indices):
                assert each.mean_weight == pytest.approx(weights.mean())


def test_takes_a_quarter_byte_a_sample_where_two_weights_are_in_use():
    keep = np.arange(8000) % 3 > 0
    group = (np.arange(8000) % 2).astype(np.uint8)
    selection = Selection.from_mask(keep, GroupWeights([1, 2], group))
    assert sum(part.nbytes for part in selection.as_arrays().values()) == 2000 + 8
    np.testing.assert_array_equal(selection.weights, 1 + group[keep])


def test_says_which_samples_are_kept_also_beyond_its_end():
    selection = Selection(np.array([0, 3, 9]))
    asked = np.array([9, 1, 0, 10, 15, 16, 4000])
    assert selection.keeps(asked).tolist() == [True, False, True, False, False, False, False]


def test_unpacks_into_a_pair():
    indices, weights = Selection(np.array([1, 2]))
    assert indices.tolist() == [1, 2]
    assert weights is None
