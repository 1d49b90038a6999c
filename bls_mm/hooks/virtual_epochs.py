"""Epochs in MMEngine's iteration-based loops."""

from typing import Any, Callable

from torch.utils.data import DataLoader


class VirtualEpochs:
    """The endless iterator of an iteration-based loop, as a sequence of epochs.

    It replaces MMEngine's own, which does not plan epochs, waits two seconds between them, and
    loads data only to skip them when a run resumes.

    A resumed loop may ask again for all batches that it has trained on, at once or one by one, or
    for none of them. Until :meth:`start` it gets the same batch each time, the first that it has
    not trained on. So each kind of loop continues there and loads nothing twice.

    Args:
        loader (DataLoader): The training loader.
        begin (Callable): Called before each epoch but the first, to plan it.
        end (Callable): Called after each epoch but the last.
        runner (Runner): Its loop asks again for at most as many batches as it had when it resumes.
    """

    def __init__(
        self,
        loader: DataLoader,
        begin: Callable[[], None],
        end: Callable[[], None],
        runner,
    ) -> None:
        self.loader = loader
        self.begin = begin
        self.end = end
        self._iterator = None
        self._first_batch = None
        self._runner = runner
        self._repetitions_left = runner.iter

    def __iter__(self) -> 'VirtualEpochs':
        return self

    def __next__(self) -> Any:
        if self._repetitions_left and self._runner.iter >= self._runner.max_iters:
            return None  # a finished run resumes: the loop drops it, and trains no more
        batch = self._next() if self._first_batch is None else self._first_batch
        self._first_batch = batch if self._repetitions_left else None
        self._repetitions_left = max(self._repetitions_left - 1, 0)
        return batch

    def start(self) -> None:
        """Ends the repetition of the first batch: the loop trains on it."""
        self._repetitions_left = 0
        self._first_batch = None

    def skip_iter(self, num_iters: int) -> None:
        """Accepts the request of a resumed loop of onedl-mmengine; nothing is left to skip."""

    def replace_loader(self, loader: DataLoader) -> None:
        """Continues with another loader from the next epoch on."""
        self.loader = loader

    def _next(self) -> Any:
        while True:
            if self._iterator is None:
                self._iterator = iter(self.loader)
            try:
                return next(self._iterator)
            except StopIteration:
                self._iterator = None
                self.end()
                self.begin()
