"""A data loader that knows which samples each of its batches contains."""

import copy
from collections import deque
from typing import Any, Callable, Deque, Iterator, Optional, Tuple

from torch.utils.data import DataLoader

from bls_mm.samplers import find_sampler

from .drain import drain
from .joined_class import joined_class
from .tracked_batch_sampler import BatchCount, BatchStream, TrackedBatch, TrackedBatchSampler

MAX_UNCLAIMED = 8  # batches that nobody trained on (yet) are remembered up to this number


class TrackedLoader(DataLoader):
    """A ``DataLoader`` whose batches carry their samples.

    It remembers the samples of each batch that it yields by the identity of the batch. So a batch
    that a loop skips, peeks at, or takes from another loader never shifts the samples of others. A
    batch that this loader did not yield has no samples.

    To its users it looks like any ``DataLoader``: ``batch_size``, ``sampler``, ``batch_sampler``,
    ``dataset`` and ``drop_last`` are those that it was given.

    Args:
        *args: As for ``DataLoader``. The sampler must be a :class:`BLSSampler`, below any number of
            batch samplers.
        **kwargs: As for ``DataLoader``.

    Attributes:
        count (BatchCount): Counts the batches of an epoch.

    Raises:
        TypeError: If there is no BLSSampler, or the loader changes how ``DataLoader`` iterates.
        ValueError: If batches may come back in another order than they were requested.
    """

    # Other classes may add methods, but the iteration stays PyTorch's own (2.0 to 2.11).
    __len__, _get_iterator = DataLoader.__len__, DataLoader._get_iterator

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._track()

    @classmethod
    def replacing(cls, loader: DataLoader, is_begun: bool = False) -> 'TrackedLoader':
        """Returns a tracked loader with everything that another has, methods of its class included.

        Args:
            loader (DataLoader): The loader; it stays as it is.
            is_begun (bool): Whether an iteration-based loop has begun to iterate over the loader.
                What that left in the batch sampler is dropped, and an epoch ends at the length of
                the loader. Defaults to False.
        """
        if type(loader).__iter__ is not DataLoader.__iter__ and not isinstance(loader, cls):
            raise TypeError(
                f'train_dataloader is a {type(loader).__name__} that iterates in its own way, so '
                'the samples of its batches are not known; use a torch.utils.data.DataLoader'
            )
        # A copy with another class, since PyTorch has no public way to change a built loader and
        # a list of its arguments would miss those of other versions.
        tracked = copy.copy(loader)
        kind = type(loader)
        tracked.__class__ = cls if kind is DataLoader else joined_class(cls, kind)
        tracked._iterator = None  # a begun iteration of persistent workers belongs to the other
        if is_begun:
            drain(loader.batch_sampler)
        tracked._track(ends_at_length=is_begun)
        return tracked

    def _track(self, ends_at_length: bool = False) -> None:
        """Sets all own attributes. :meth:`replacing` needs them without calling ``__init__``."""
        if not getattr(self, 'in_order', True):
            raise ValueError(
                'train_dataloader has in_order=False, but scores are matched to samples by the '
                'order of batches; remove in_order'
            )
        sampler = find_sampler(self)
        if sampler is None:
            raise TypeError(
                'a TrackedLoader needs a BLSSampler, but has none; give it BLSSampler(dataset)'
            )
        self._tracked_batch_sampler = TrackedBatchSampler(
            self.batch_sampler, sampler.weights_of, ends_at_length
        )
        self._unclaimed: Deque[Tuple[Any, TrackedBatch]] = deque(maxlen=MAX_UNCLAIMED)
        self.count = BatchCount()

    @property
    def _index_sampler(self) -> TrackedBatchSampler:
        # DataLoader's iterators and its length ask this property (PyTorch 2.0 to 2.11), so the
        # public attributes can stay those of the loader that this one replaces.
        return self._tracked_batch_sampler

    def keeping_workers(self) -> 'TrackedLoader':
        """Returns this loader for one loop: its workers stay alive between the loop's epochs.

        So they do not see later changes of the data set. Hooks may iterate over this loader
        meanwhile, which would start the loop's epoch anew. Batches can be claimed from both.
        """
        kept = copy.copy(self)
        # DataLoader refuses a plain assignment.
        vars(kept).update(_iterator=None, persistent_workers=self.num_workers > 0)
        return kept

    def skip(self, num_batches: int, if_empty: Optional[Callable[[], bool]] = None) -> None:
        """Starts to count, and leaves out batches; see :meth:`TrackedBatchSampler.skip`."""
        self.count.restart(num_batches)
        self._tracked_batch_sampler.skip(num_batches, if_empty)

    @property
    def is_spread(self) -> bool:
        """Whether :meth:`spread_over` was called."""
        return self._tracked_batch_sampler.spread is not None

    def spread_over(self, num_batches: int, smallest: int) -> None:
        """Makes batches smaller instead of fewer; see :meth:`TrackedBatchSampler.spread_over`."""
        self._tracked_batch_sampler.spread_over(num_batches, smallest)

    def __iter__(self) -> 'TrackedIterator':
        return TrackedIterator(super().__iter__(), self)

    def remember(self, batch: Any, tracked: TrackedBatch) -> None:
        """Notes the samples of a batch that the loader yields.

        Args:
            batch (object): The batch. None is not noted, because all Nones are one object.
            tracked (TrackedBatch): Its samples.
        """
        if batch is not None:
            self.claim(batch)  # an object that is yielded again now contains the later batch
            self._unclaimed.append((batch, tracked))

    def tracked(self, batch: Any) -> Optional[TrackedBatch]:
        """Returns the samples of a batch; None if this loader did not yield it.

        Args:
            batch (object): The very object that the loader yielded.
        """
        for own, tracked in self._unclaimed:
            if own is batch:
                return tracked
        return None

    def claim(self, batch: Any) -> Optional[TrackedBatch]:
        """Returns the samples of a batch as :meth:`tracked` does, and forgets the batch."""
        for number, (own, tracked) in enumerate(self._unclaimed):
            if own is batch:
                del self._unclaimed[number]
                return tracked
        return None


class TrackedIterator:
    """Iterates over a :class:`TrackedLoader`, and tells it the samples of each batch.

    Args:
        iterator (Iterator): PyTorch's own iterator. It yields batches in the order in which it
            requested them.
        loader (TrackedLoader): The loader.
    """

    def __init__(self, iterator: Iterator, loader: TrackedLoader) -> None:
        self._iterator, self._loader = iterator, loader
        self._has_workers = hasattr(iterator, '_rcvd_idx')
        self._number = 0  # of batches so far

    def __iter__(self) -> 'TrackedIterator':
        return self

    def __len__(self) -> int:
        return len(self._iterator)

    def __next__(self) -> Any:
        # Private attributes of PyTorch's iterators, checked with PyTorch 2.0 to 2.11. Persistent
        # workers share one iterator, which another `iter(loader)` resets: so it is asked each time.
        stream = self._iterator._sampler_iter
        num_received = self._count_received(stream)
        try:
            batch = next(self._iterator)
        except StopIteration:
            self._loader.count.note(self._number, is_complete=True)
            raise
        except BaseException:  # also KeyboardInterrupt: a notebook may continue the loop
            if self._count_received(stream) != num_received:
                stream.yielded.popleft()  # the batch is lost; the loop may go on
            raise
        self._loader.remember(batch, stream.yielded.popleft())
        self._number += 1
        self._loader.count.note(self._number)
        return batch

    def _count_received(self, stream: BatchStream) -> int:
        """Counts the batches that came back, failed ones included, up to a constant."""
        if self._has_workers:
            return self._iterator._rcvd_idx
        return -len(stream.yielded)  # without workers, each request is answered at once
