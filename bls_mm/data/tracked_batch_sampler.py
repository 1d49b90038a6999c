"""A batch sampler that notes which samples each batch contains."""

import copy
from array import array
from collections import deque
from itertools import accumulate, chain, islice
from typing import Callable, Deque, Iterator, List, NamedTuple, Optional, Sequence

import numpy as np
from torch.utils.data import Sampler

from .spread import Spread

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


class BatchCount:
    """Counts the batches that a loader yields in an epoch: their number may differ from its length.

    Besides the loop, hooks may iterate over the loader. The longest iteration counts.

    Attributes:
        number (int): Batches of that iteration, and those that it skipped.
        is_complete (bool): Whether it came to the end of the epoch.
    """

    def __init__(self) -> None:
        self.num_skipped = self.number = 0
        self.is_complete = False

    def restart(self, num_skipped: int) -> None:
        """Starts an epoch, of which a number of batches are skipped."""
        self.num_skipped = self.number = num_skipped
        self.is_complete = False

    def note(self, number: int, is_complete: bool = False) -> None:
        """Notes that an iteration has yielded a number of batches, and whether it ends there."""
        if not self.is_complete:
            number += self.num_skipped
            self.number = number if is_complete else max(self.number, number)
            self.is_complete = is_complete


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
            # Copies, since a batch sampler may fill the same list again.
            batches = [copy.copy(batch) for batch in islice(self._batches, AHEAD)]
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
        self.if_empty: Optional[Callable[[], bool]] = None
        self.spread: Optional[Spread] = None  # None: the batches of the batch sampler

    def skip(self, num_batches: int, if_empty: Optional[Callable[[], bool]] = None) -> None:
        """Leaves out the first batches of every epoch from now on, without loading them.

        Args:
            num_batches (int): Number of batches; 0 to leave out none.
            if_empty (Callable, optional): Called if the batch sampler yields no batch. Returns
                whether it has changed the plan of the epoch, so that the batch sampler starts
                again. Defaults to None.
        """
        self.num_skipped = num_batches
        self.if_empty = if_empty

    def spread_over(self, num_batches: int, smallest: int) -> None:
        """Spreads the samples of each epoch evenly over a number of batches from now on.

        Args:
            num_batches (int): Number of batches. The batch sampler must be PyTorch's own.
            smallest (int): Number of samples that a batch must have; there are fewer batches if
                the samples are too few.
        """
        self.spread = Spread(self.batch_sampler, num_batches, smallest)

    def __iter__(self) -> BatchStream:
        return BatchStream(islice(self._epoch(), self.num_skipped, None), self.weights_of)

    def _epoch(self) -> Iterator[List[int]]:
        if self.spread is not None:
            yield from self.spread
            return
        batches = self._begin()
        if self.ends_at_length:
            yield from islice(batches, len(self.batch_sampler))
            next(batches, None)  # lets a batch sampler that ends here clean up
        else:
            yield from batches

    def _begin(self) -> Iterator[List[int]]:
        batches = iter(self.batch_sampler)
        first = next(batches, None)
        while first is None and self.if_empty is not None and self.if_empty():
            batches = iter(self.batch_sampler)
            first = next(batches, None)
        return batches if first is None else chain([first], batches)

    def __len__(self) -> int:
        return len(self.batch_sampler if self.spread is None else self.spread) - self.num_skipped


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
