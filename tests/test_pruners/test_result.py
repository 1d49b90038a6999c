import numpy as np
import pytest

from bls_mm.pruners import GroupWeights
from bls_mm.pruners.pruner import checked

MASK = np.ones(9, dtype=bool)
GROUP = np.zeros(9, dtype=np.uint8)


@pytest.mark.parametrize(
    'weights', [None, np.ones(9, dtype=np.float32), GroupWeights(np.float32([1]), GROUP)]
)
def test_a_mask_with_weights_is_accepted(weights):
    mask, checked_weights = checked((MASK, weights), 'Own', 9)
    assert mask.all() and checked_weights is weights
    assert not np.shares_memory(mask, MASK)  # the planner changes it, and the pruner may keep MASK


@pytest.mark.parametrize(
    ('result', 'message'),
    [
        (None, r'a bool mask of shape \(9,\); it returned None'),
        (MASK, r'it returned an array of bool of shape \(9,\)'),
        ((MASK,), 'it returned a tuple of length 1'),
        ((np.arange(9), None), r'the mask that it returned is an array of int64 of shape \(9,\)'),
        ((MASK[:5], None), r'the mask that it returned is an array of bool of shape \(5,\)'),
        ((None, MASK), 'the mask that it returned is None'),
        ((MASK, [1] * 9), 'the weights that it returned are a list'),
        ((MASK, np.ones(3)), r'the weights that it returned are an array of float64 .* \(3,\)'),
        ((MASK, GroupWeights(np.ones(1), GROUP[:3])), r'the group .* of uint8 of shape \(3,\)'),
        ((MASK, GroupWeights(np.ones(2), MASK)), r'the group .* of bool of shape \(9,\)'),
        ((MASK, GroupWeights(np.ones(1), GROUP + 1)), r'1 levels, and groups up to 1'),
        ((MASK, GroupWeights(np.ones(300), GROUP)), r'256 at most; it returned 300 levels'),
    ],
)
def test_any_other_result_raises_a_clear_error(result, message):
    with pytest.raises(TypeError, match=f'^Own.prune must return .*{message}'):
        checked(result, 'Own', 9)
