"""What an epoch is, in MMEngine's two kinds of loops."""

import math
from typing import Callable, Optional

from mmengine.runner import IterBasedTrainLoop
from torch.utils.data import DataLoader

from bls_mm.pruners.pruner import ROUNDING


class VirtualEpochs:
    """The endless iterator of an iteration-based loop, as a sequence of epochs.

    It takes the place of MMEngine's own, which knows no epochs of its sampler, waits two seconds
    between them, and loads data only to skip it when a run resumes.

    Args:
        loader (DataLoader): The training loader.
        begin (Callable): Called before each epoch but the first, so that it can be planned.
        end (Callable): Called after each epoch but the last.
        num_to_skip (int): How many batches to answer with nothing: a resumed loop asks for all
            that it has had, one by one or at once, and the loader already starts behind them.
    """

    def __init__(
        self,
        loader: DataLoader,
        begin: Callable[[], None],
        end: Callable[[], None],
        num_to_skip: int = 0,
    ) -> None:
        self.loader = loader
        self.begin = begin
        self.end = end
        self.num_to_skip = num_to_skip
        self.iterator = None

    def __iter__(self):
        return self

    def __next__(self) -> Optional[dict]:
        if self.num_to_skip > 0:
            self.num_to_skip -= 1
            return None
        while True:
            if self.iterator is None:
                self.iterator = iter(self.loader)
            try:
                return next(self.iterator)
            except StopIteration:
                self.iterator = None
                self.end()
                self.begin()

    def skip_iter(self, num_iters: int) -> None:
        """Passes over batches that a resumed loop has had, as loops of onedl-mmengine ask."""
        self.num_to_skip -= num_iters


def is_iteration_based(loop) -> bool:
    """Whether a training loop counts iterations, and knows no epochs."""
    return isinstance(loop, IterBasedTrainLoop)


def skips_on_resume(loop: IterBasedTrainLoop) -> bool:
    """Whether a resumed loop asks for the batches it has had: in onedl-mmengine it need not."""
    return not getattr(loop, 'fast_forward_on_resume', False)


def count_epochs(loop, full_length: int) -> float:
    """How many epochs on all samples a loop would run.

    Args:
        loop (BaseLoop): A training loop, before its first iteration.
        full_length (int): Iterations of an epoch on all samples.

    Returns:
        float: A whole number for a loop of epochs.
    """
    if is_iteration_based(loop):
        return loop.max_iters / full_length
    return float(loop.max_epochs)


def iterations_of(epochs: float, length: int) -> int:
    """Iterations that a number of epochs takes: whole ones, and the begun part of the last."""
    return math.ceil(epochs * length * (1 - ROUNDING))
