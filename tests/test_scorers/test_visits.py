import numpy as np
import pytest
import torch

from bls_mm.scorers.batches import MAX_VISITS, add_visits, new_visits


def as_samples(indices, num_samples, is_mask):
    if not is_mask:
        return np.array(indices)
    mask = np.zeros(num_samples, dtype=bool)
    mask[indices] = True
    return mask


@pytest.mark.parametrize('is_mask', [False, True])
class TestAddVisits:
    def test_changes_the_dtype_at_the_256th_visit_and_not_before(self, is_mask):
        visits = new_visits(3)
        first = as_samples([0], 3, is_mask)
        for _ in range(255):
            visits = add_visits(visits, first)
        assert visits.dtype == torch.uint8
        visits = add_visits(visits, as_samples([1], 3, is_mask))
        assert visits.dtype == torch.uint8
        visits = add_visits(visits, first)
        assert visits.dtype == torch.int16
        assert visits.tolist() == [256, 1, 0]

    def test_stops_before_it_overflows(self, is_mask):
        visits = torch.tensor([MAX_VISITS, 5], dtype=torch.int16)
        visits = add_visits(visits, as_samples([0, 1], 2, is_mask))
        assert visits.tolist() == [MAX_VISITS, 6]

    def test_writes_into_the_same_memory(self, is_mask):
        for dtype in (torch.uint8, torch.int16):
            visits = torch.zeros(4, dtype=dtype)
            assert add_visits(visits, as_samples([1, 3], 4, is_mask)) is visits
            assert visits.tolist() == [0, 1, 0, 1]


def test_a_sample_that_occurs_twice_counts_once():
    assert add_visits(new_visits(2), np.array([1, 1])).tolist() == [0, 1]
