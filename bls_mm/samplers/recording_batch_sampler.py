"""The batch sampler that remembers what it handed out."""

from array import array
from collections import deque
from itertools import islice
from typing import Deque, Iterator, List

import numpy as np
from torch.utils.data import Sampler


class RecordingBatchSampler(Sampler):
    """Passes the batches of another batch sampler on, and remembers them.

    Which samples a batch holds is known for certain only here, in the main process: meta
    information may lack the index, collate functions may drop it, and a ``ConcatDataset`` counts
    each of its parts from 0. Batches come back from the workers in the order they were handed out.

    Args:
        batch_sampler (Sampler): The batch sampler of the config, for example an
            ``AspectRatioBatchSampler``.
    """

    def __init__(self, batch_sampler: Sampler) -> None:
        self.batch_sampler = batch_sampler
        self.handed_out: Deque[array] = deque()
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
        for batch in islice(self.batch_sampler, self.skipped, None):
            self.handed_out.append(array('q', batch))  # three times as fast as np.array
            yield batch

    def __len__(self) -> int:
        return len(self.batch_sampler) - self.skipped

    def skip(self, num_batches: int) -> None:
        """Leaves out the first batches of every epoch from now on, without loading them.

        Args:
            num_batches (int): How many; 0 to leave out none.
        """
        self.skipped = num_batches

    def next_returned(self) -> np.ndarray:
        """Returns, and forgets, the samples of the batch that comes back next.

        Returns:
            np.ndarray: ``(B,)`` int64.

        Raises:
            RuntimeError: If more batches came back than were handed out.
        """
        if not self.handed_out:
            raise RuntimeError(
                'a batch came back that the batch sampler did not hand out; iterate over the '
                'training data loader in the training loop only'
            )
        return np.frombuffer(self.handed_out.popleft(), dtype=np.int64)
