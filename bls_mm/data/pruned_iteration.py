"""One iteration over a PrunedLoader."""

from typing import Any, Callable
from weakref import WeakSet

from .tracked_loader import TrackedIterator, TrackedLoader


class PrunedIteration(TrackedIterator):
    """Passes on the batches of another iteration, and holds the one that it yielded last.

    Args:
        iterator (TrackedIterator): The other iteration.
        loader (TrackedLoader): Their loader.
        running (WeakSet): Iterations in progress. Each batch adds this one again, because
            ``set_epoch`` clears the set, and Lightning creates its iterator before that.
        end_epoch (Callable): Called after the last batch.

    Attributes:
        batch (object): The batch that it yielded last; None before the first and after the last.
        has_skipped (bool): Whether a batch had no loss yet when the next one was asked for.
    """

    def __init__(
        self,
        iterator: TrackedIterator,
        loader: TrackedLoader,
        running: WeakSet,
        end_epoch: Callable[[], None],
    ) -> None:
        super().__init__(iterator, loader)
        self.batch: Any = None
        self.has_skipped = False
        self._running = running
        self._end_epoch = end_epoch

    def __next__(self) -> Any:
        if self._loader.tracked(self.batch) is not None:
            self.has_skipped = True
        self._running.add(self)
        try:
            self.batch = next(self._iterator)
        except StopIteration:
            self.batch = None
            self._end_epoch()
            raise
        return self.batch
