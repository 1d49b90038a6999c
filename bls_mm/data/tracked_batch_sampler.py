"""A batch sampler that notes which samples each batch contains."""

from array import array
from collections import deque
from itertools import accumulate, islice
from typing import Callable, Deque, Iterator, List, NamedTuple, Optional, Sequence

import numpy as np
from torch.utils.data import Sampler

AHEAD = 64  # batches that are noted together: far cheaper than one by one


class TrackedBatch(NamedTuple):
    """The samples of a batch, and their weights.

    Attributes:
        samples (np.ndarray): ``(B,)`` int64.
        weights (np.ndarray, optional): ``(B,)`` float32, their loss weights; None if all are 1.
        weight (float): Mean of the weights.
    """

    samples: np.ndarray
    weights: Optional[np.ndarray] = None
    weight: float = 1.0


class BatchStream:
    """One iteration over a batch sampler, with a queue of what it has yielded.

    Args:
        batches (Iterator): Yields lists of samples.
        weights_of (Callable, optional): See :class:`TrackedBatchSampler`.

    Attributes:
        yielded (deque): The :class:`TrackedBatch` of each batch that has been yielded and not come
            back from the loader yet, in order.
    """

    def __init__(self, batches: Iterator[List[int]], weights_of: Optional[Callable]) -> None:
        self.yielded: Deque[TrackedBatch] = deque()
        self._batches = batches
        self._weights_of = weights_of
        self._ahead = iter(())

    def __iter__(self) -> 'BatchStream':
        return self

    def __next__(self) -> List[int]:
        ready = next(self._ahead, None)
        if ready is None:
            batches = list(islice(self._batches, AHEAD))
            self._ahead = iter(list(zip(batches, track(batches, self._weights_of))))
            ready = next(self._ahead)  # StopIteration ends the epoch
        batch, tracked = ready
        self.yielded.append(tracked)
        return batch


class TrackedBatchSampler(Sampler):
    """Passes on the batches of another batch sampler, and notes their samples.

    Only here, in the main process, the samples of a batch are known for certain: meta information
    may lack the index, collate functions may drop it, and a ``ConcatDataset`` counts each of its
    parts from 0.

    Args:
        batch_sampler (Sampler): The batch sampler of the loader, for example an
            ``AspectRatioBatchSampler``.
        weights_of (Callable, optional): Returns the loss weights of samples in the planned epoch:
            ``(n,)`` float32, or None if all are 1. Defaults to None.
        ends_at_length (bool): Whether an epoch ends after ``len(batch_sampler)`` batches also if
            the batch sampler would go on, as endless ones do. Defaults to False.
    """

    def __init__(
        self,
        batch_sampler: Sampler,
        weights_of: Optional[Callable] = None,
        ends_at_length: bool = False,
    ) -> None:
        self.batch_sampler = batch_sampler
        self.weights_of = weights_of
        self.ends_at_length = ends_at_length
        self.num_skipped = 0
        self.spread: Optional[Spread] = None  # None: the batches of the batch sampler

    def skip(self, num_batches: int) -> None:
        """Leaves out the first batches of every epoch from now on, without loading them.

        Args:
            num_batches (int): Number of batches; 0 to leave out none.
        """
        self.num_skipped = num_batches

    def spread_over(self, num_batches: int, smallest: int) -> None:
        """Spreads the samples of each epoch evenly over a number of batches from now on.

        Args:
            num_batches (int): Number of batches. The batch sampler must be PyTorch's own.
            smallest (int): Number of samples that a batch must have; there are fewer batches if
                the samples are too few.
        """
        self.spread = Spread(self.batch_sampler.sampler, num_batches, smallest)

    def __iter__(self) -> BatchStream:
        return BatchStream(islice(self._epoch(), self.num_skipped, None), self.weights_of)

    def _epoch(self) -> Iterator[List[int]]:
        if self.spread is not None:
            yield from self.spread
            return
        batches = iter(self.batch_sampler)
        if self.ends_at_length:
            yield from islice(batches, len(self.batch_sampler))
            next(batches, None)  # lets a batch sampler that ends here clean up
        else:
            yield from batches

    def __len__(self) -> int:
        return len(self.batch_sampler if self.spread is None else self.spread) - self.num_skipped


class Spread:
    """All samples of a sampler, in batches whose sizes differ by at most one.

    Args:
        sampler (Sampler): Yields samples; its length may change from epoch to epoch.
        num_batches (int): Number of batches.
        smallest (int): Number of samples that a batch must have. If the samples are too few, there
            are fewer batches.
    """

    def __init__(self, sampler: Sampler, num_batches: int, smallest: int) -> None:
        self.sampler = sampler
        self.num_batches = num_batches
        self.smallest = smallest

    def __iter__(self) -> Iterator[List[int]]:
        samples, num_samples, num_batches = iter(self.sampler), len(self.sampler), len(self)
        for number in range(num_batches):
            start, end = (num_samples * (number + step) // num_batches for step in (0, 1))
            yield list(islice(samples, end - start))

    def __len__(self) -> int:
        return max(1, min(self.num_batches, len(self.sampler) // self.smallest))


def track(batches: Sequence[Sequence[int]], weights_of: Optional[Callable]) -> List[TrackedBatch]:
    """Returns the samples and weights of each batch.

    Args:
        batches (sequence[sequence[int]]): The batches.
        weights_of (Callable, optional): See :class:`TrackedBatchSampler`.
    """
    joined = array('q')
    for batch in batches:
        joined.fromlist(list(batch))  # several times as fast as np.array
    samples = np.frombuffer(joined, dtype=np.int64) if joined else np.empty(0, dtype=np.int64)
    sizes = [len(batch) for batch in batches]
    parts = [slice(end - size, end) for size, end in zip(sizes, accumulate(sizes))]
    weights = None if weights_of is None else weights_of(samples)
    if weights is None:
        return [TrackedBatch(samples[part]) for part in parts]
    starts = [part.start for part in parts]
    means = np.add.reduceat(weights, starts, dtype=np.float64) / sizes
    return [
        TrackedBatch(samples[part], weights[part], mean)
        for part, mean in zip(parts, means.tolist())
    ]
