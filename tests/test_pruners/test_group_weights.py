import numpy as np

from bls_mm.pruners import GroupWeights

WHICH = np.array([True, False, False, True])


def weights_of(weights):
    return weights.levels[weights.group].tolist()


def test_weight_one_uses_the_group_with_weight_one():
    weights = GroupWeights(np.float32([2, 1]), np.array([0, 0, 1, 1], dtype=np.uint8))
    changed = weights.with_weight_one(WHICH)
    assert weights_of(changed) == [1, 2, 1, 1]
    assert len(changed.levels) == 2
    assert weights.group.tolist() == [0, 0, 1, 1]  # unchanged


def test_weight_one_adds_a_group_if_there_is_none():
    weights = GroupWeights(np.float32([2, 3]), np.array([0, 0, 1, 1], dtype=np.uint8))
    assert weights_of(weights.with_weight_one(WHICH)) == [1, 2, 3, 1]


def test_weight_one_uses_the_closest_weight_if_no_group_can_be_added():
    levels = np.linspace(1.25, 4, 256, dtype=np.float32)
    weights = GroupWeights(levels, np.array([255, 255, 0, 3], dtype=np.uint8))
    changed = weights.with_weight_one(WHICH)
    assert changed.group.tolist() == [0, 255, 0, 0]
    np.testing.assert_array_equal(changed.levels, levels)
