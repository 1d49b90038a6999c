"""What a pruner must not forget: samples unseen for long, and whole classes or sources."""

from abc import ABC, abstractmethod
from typing import Optional, Sized

import numpy as np

from bls_mm.registry import GUARDS

from .blocks import blocks_of
from .groups import class_of_each, source_of_each
from .pruner import ROUNDING, check_share

LONGEST = np.iinfo(np.uint8).max


class Guard(ABC):
    """Brings back samples that a pruner left out; composable with any pruner."""

    shardable = False
    """Whether it can work where each rank has its own samples only, knowing of no others."""

    def prepare(self, dataset: Sized) -> None:  # noqa: B027
        """Looks at the training set, once, before the first epoch."""

    @abstractmethod
    def bring_back(self, keep: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Says which samples the epoch must have, whatever the pruner says.

        Args:
            keep (np.ndarray): ``(N,)`` bool, what the pruner and other guards keep. It must not be
                changed.
            rng (np.random.Generator): Source of randomness.

        Returns:
            np.ndarray: ``(N,)`` bool. They stand for themselves only, with weight 1, even those
            that the pruner keeps.
        """

    def note(self, keep: np.ndarray) -> None:  # noqa: B027
        """Learns which samples the epoch keeps in the end."""

    def state_dict(self) -> dict:
        """Returns what a resumed run needs; arrays and plain numbers."""
        return {}

    def load_state_dict(self, state: dict) -> None:  # noqa: B027
        """Takes over what :meth:`state_dict` returned."""


@GUARDS.register_module()
class Revisit(Guard):
    """Brings back every sample that no epoch kept for so long.

    As the forced review of AFSS (CVPR 2026, arXiv 2603.17684), without its limit on how many come
    back at once. It keeps one byte a sample.

    Args:
        epochs (int): A sample left out by so many epochs in a row is in the next one; from 1 to
            254. Defaults to 5.
    """

    shardable = True

    def __init__(self, epochs: int = 5) -> None:
        if not isinstance(epochs, int) or not 1 <= epochs < LONGEST:
            raise ValueError(f'epochs must be an integer from 1 to {LONGEST - 1}, got {epochs!r}')
        self.epochs = epochs
        self.unseen_for: Optional[np.ndarray] = None

    def bring_back(self, keep, rng):
        if self.unseen_for is None:
            self.unseen_for = np.zeros(len(keep), dtype=np.uint8)
        return self.unseen_for >= self.epochs

    def note(self, keep):
        for block in blocks_of(len(keep)):
            unseen = self.unseen_for[block]
            unseen += unseen < LONGEST
            unseen[keep[block]] = 0

    def state_dict(self):
        return {} if self.unseen_for is None else dict(unseen_for=self.unseen_for)

    def load_state_dict(self, state):
        self.unseen_for = state['unseen_for'].copy() if 'unseen_for' in state else None


@GUARDS.register_module()
class MinShare(Guard):
    """Keeps at least a share of every class, or of every data set that the training set joins.

    Where the pruner keeps less, random others of the group come back. It keeps one byte a sample,
    two for more than 256 groups.

    Args:
        of (str): ``'source'``: the parts of a ``ConcatDataset``; ``'class'``: the classes of a data
            set with ``get_cat_ids`` or ``targets``, a sample of several belonging to the rarest.
            Defaults to ``'source'``.
        share (float): Share of each group's samples in every epoch, in ``[0, 1]``. Defaults to 0.2.
    """

    def __init__(self, of: str = 'source', share: float = 0.2) -> None:
        if of not in ('source', 'class'):
            raise ValueError(f"of must be 'source' or 'class', but got {of!r}")
        check_share('share', share)
        self.of = of
        self.share = share
        self.group_of: Optional[np.ndarray] = None

    def prepare(self, dataset):
        self.group_of = (source_of_each if self.of == 'source' else class_of_each)(dataset)
        self.minima = np.ceil(self.share * np.bincount(self.group_of) - ROUNDING).astype(np.int64)

    def bring_back(self, keep, rng):
        missing = self.minima - np.bincount(self.group_of[keep], minlength=len(self.minima))
        back = np.zeros(len(keep), dtype=bool)
        if (missing <= 0).all():
            return back
        candidates = np.flatnonzero(~keep & (missing > 0)[self.group_of])
        rng.shuffle(candidates)
        candidates = candidates[np.argsort(self.group_of[candidates], kind='stable')]
        groups = self.group_of[candidates]
        place = np.arange(len(groups)) - np.searchsorted(groups, groups)  # in its group
        back[candidates[place < missing[groups]]] = True
        return back
