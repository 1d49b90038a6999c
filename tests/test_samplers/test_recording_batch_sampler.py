import numpy as np
import pytest
from torch.utils.data import BatchSampler, DataLoader

from bls_mm.samplers import RecordingBatchSampler


def test_remembers_batches_in_the_order_they_come_back():
    batches = RecordingBatchSampler(BatchSampler(range(10), 4, drop_last=False))
    for num_workers in (0, 2):
        for batch in DataLoader(range(10), batch_sampler=batches, num_workers=num_workers):
            assert batches.next_returned().samples.tolist() == batch.tolist()


def test_an_abandoned_epoch_leaves_nothing_behind():
    batches = RecordingBatchSampler(BatchSampler(range(10), 4, drop_last=False))
    iterator = iter(batches)
    next(iterator), next(iterator)
    assert next(iter(batches)) == [0, 1, 2, 3]
    assert batches.next_returned().samples.tolist() == [0, 1, 2, 3]
    with pytest.raises(RuntimeError, match='did not hand out'):
        batches.next_returned()


def test_a_batch_changed_by_others_is_remembered_as_it_was():
    batches = RecordingBatchSampler([[1, 2]])
    for batch in batches:
        batch.clear()
    assert batches.next_returned().samples.tolist() == [1, 2]


def test_batches_of_any_sizes_have_their_own_weights():
    lists = [[index] * (1 + index % 3) for index in range(200)]  # more than are noted together
    weights = np.linspace(1, 2, 200, dtype=np.float32)
    batches = RecordingBatchSampler(lists, weights_of=lambda samples: weights[samples])
    for batch in batches:
        samples, own, weight = batches.next_returned()
        assert samples.tolist() == batch
        assert own.tolist() == [weights[batch[0]]] * len(batch)
        assert weight == pytest.approx(weights[batch[0]], rel=1e-12)


def test_looks_like_the_batch_sampler_below():
    inner = BatchSampler(range(10), 4, drop_last=True)
    batches = RecordingBatchSampler(inner)
    assert (len(batches), batches.batch_size, batches.drop_last) == (2, 4, True)
    assert batches.sampler is inner.sampler
