"""The batch sampler that remembers what it handed out."""

from array import array
from collections import deque
from itertools import accumulate, islice
from typing import Callable, Deque, Iterator, List, NamedTuple, Optional, Sequence

import numpy as np
from torch.utils.data import Sampler

AHEAD = 64  # batches that are noted together, which takes a fraction of the time of one by one


class Batch(NamedTuple):
    """What is remembered of a batch.

    Attributes:
        samples (np.ndarray): ``(B,)`` int64.
        weights (np.ndarray, optional): ``(B,)`` float32, their loss weights; None where all are 1.
        weight (float): The mean of these.
    """

    samples: np.ndarray
    weights: Optional[np.ndarray] = None
    weight: float = 1.0


class RecordingBatchSampler(Sampler):
    """Passes the batches of another batch sampler on, and remembers them.

    Which samples a batch holds is known for certain only here, in the main process: meta
    information may lack the index, collate functions may drop it, and a ``ConcatDataset`` counts
    each of its parts from 0. Batches come back from the workers in the order they were handed out.

    Args:
        batch_sampler (Sampler): The batch sampler of the config, for example an
            ``AspectRatioBatchSampler``.
        weights_of (Callable, optional): Returns the loss weights of samples in the epoch that is
            handed out: ``(n,)`` float32, or None where all are 1. Defaults to None.
    """

    def __init__(self, batch_sampler: Sampler, weights_of: Optional[Callable] = None) -> None:
        self.batch_sampler = batch_sampler
        self.weights_of = weights_of
        self.handed_out: Deque[Batch] = deque()
        self.skipped = 0

    @property
    def sampler(self) -> Sampler:
        """The sampler below; where MMEngine looks for ``set_epoch``."""
        return self.batch_sampler.sampler

    @property
    def batch_size(self) -> int:
        return self.batch_sampler.batch_size

    @property
    def drop_last(self) -> bool:
        return self.batch_sampler.drop_last

    def __iter__(self) -> Iterator[List[int]]:
        self.handed_out.clear()
        batches = islice(self.batch_sampler, self.skipped, None)
        while ahead := list(islice(batches, AHEAD)):
            for batch, note in zip(ahead, self._note(ahead)):
                self.handed_out.append(note)
                yield batch

    def __len__(self) -> int:
        return len(self.batch_sampler) - self.skipped

    def _note(self, batches: Sequence[Sequence[int]]) -> List[Batch]:
        """Returns what to remember of each batch."""
        joined = array('q')
        for batch in batches:
            joined.fromlist(list(batch))  # several times as fast as np.array
        samples = np.frombuffer(joined, dtype=np.int64) if joined else np.empty(0, dtype=np.int64)
        sizes = [len(batch) for batch in batches]
        parts = [slice(end - size, end) for size, end in zip(sizes, accumulate(sizes))]
        weights = None if self.weights_of is None else self.weights_of(samples)
        if weights is None:
            return [Batch(samples[part]) for part in parts]
        starts = [part.start for part in parts]
        means = np.add.reduceat(weights, starts, dtype=np.float64) / sizes
        return [
            Batch(samples[part], weights[part], mean) for part, mean in zip(parts, means.tolist())
        ]

    def skip(self, num_batches: int) -> None:
        """Leaves out the first batches of every epoch from now on, without loading them.

        Args:
            num_batches (int): How many; 0 to leave out none.
        """
        self.skipped = num_batches

    def next_returned(self) -> Batch:
        """Returns, and forgets, what is remembered of the batch that comes back next.

        Raises:
            RuntimeError: If more batches came back than were handed out.
        """
        if not self.handed_out:
            raise RuntimeError(
                'a batch came back that the batch sampler did not hand out; iterate over the '
                'training data loader in the training loop only'
            )
        return self.handed_out.popleft()
