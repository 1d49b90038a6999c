import numpy as np
import pytest
from torch.utils.data import BatchSampler, DataLoader

from bls_mm.data import TrackedBatchSampler


def test_stream_queues_the_samples_of_each_batch():
    stream = iter(TrackedBatchSampler(BatchSampler(range(10), 4, drop_last=False)))
    assert [next(stream), next(stream), next(stream)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    with pytest.raises(StopIteration):
        next(stream)
    assert [tracked.samples.tolist() for tracked in stream.yielded] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]


def test_iterations_have_their_own_queues():
    batches = TrackedBatchSampler(BatchSampler(range(10), 4, drop_last=False))
    first = iter(batches)
    next(first), next(first)
    second = iter(batches)
    assert next(second) == [0, 1, 2, 3]
    assert (len(first.yielded), len(second.yielded)) == (2, 1)
    assert next(first) == [8, 9]


def test_a_batch_that_others_change_is_tracked_as_it_was():
    stream = iter(TrackedBatchSampler([[1, 2]]))
    for batch in stream:
        batch.clear()
    assert stream.yielded[0].samples.tolist() == [1, 2]


def test_a_batch_sampler_that_fills_the_same_list_again():
    def batches():
        batch = []
        for index in range(6):
            batch.append(index)
            if len(batch) == 2:
                yield batch
                batch.clear()

    assert list(iter(TrackedBatchSampler(batches()))) == [[0, 1], [2, 3], [4, 5]]


def test_batches_of_any_size_have_their_own_weights():
    lists = [[index] * (1 + index % 3) for index in range(200)]  # more than are noted together
    weights = np.linspace(1, 2, 200, dtype=np.float32)
    stream = iter(TrackedBatchSampler(lists, weights_of=lambda samples: weights[samples]))
    for batch in stream:
        samples, own, weight = stream.yielded.popleft()
        assert samples.tolist() == batch
        assert own.tolist() == [weights[batch[0]]] * len(batch)
        assert weight == pytest.approx(weights[batch[0]], rel=1e-12)


def test_batches_without_weights_have_weight_one():
    stream = iter(TrackedBatchSampler([[1, 2]], weights_of=lambda samples: None))
    next(stream)
    assert stream.yielded[0].weights is None and stream.yielded[0].weight == 1


@pytest.mark.parametrize('num_workers', [0, 2])
def test_skip_leaves_out_the_first_batches_without_loading_them(num_workers):
    loaded = []

    class Recording:
        def __len__(self):
            return 10

        def __getitem__(self, index):
            loaded.append(index)
            return index

    batches = TrackedBatchSampler(BatchSampler(range(10), 4, drop_last=False))
    batches.skip(2)
    assert len(batches) == 1
    loader = DataLoader(Recording(), batch_sampler=batches, num_workers=num_workers)
    for _ in range(2):
        assert [batch.tolist() for batch in loader] == [[8, 9]]
    assert num_workers or loaded == [8, 9] * 2
    batches.skip(0)
    assert len(list(batches)) == len(batches) == 3
