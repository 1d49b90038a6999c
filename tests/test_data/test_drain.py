from torch.utils.data import BatchSampler

from bls_mm.data.drain import drain
from bls_mm.samplers import BLSSampler


class Buckets(BatchSampler):
    """Batches of even and of odd samples; keeps what an unfinished iteration left over.

    So do the batch samplers of MMDetection.
    """

    def __init__(self, sampler, batch_size):
        super().__init__(sampler, batch_size, drop_last=False)
        self.buckets = [[], []]

    def __iter__(self):
        for index in self.sampler:
            bucket = self.buckets[index % 2]
            bucket.append(index)
            if len(bucket) == self.batch_size:
                yield bucket[:]
                bucket.clear()
        left = self.buckets[0] + self.buckets[1]
        self.buckets = [[], []]
        if left:
            yield left


def test_drain_forgets_what_an_unfinished_iteration_left_over():
    sampler = BLSSampler(range(12), seed=0)
    batches = Buckets(sampler, 4)
    next(iter(batches))
    assert any(batches.buckets)
    drain(batches)
    assert batches.buckets == [[], []]
    assert batches.sampler is sampler
    assert sorted(index for batch in batches for index in batch) == list(range(12))
