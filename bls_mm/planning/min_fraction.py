"""Guard: every class, or every source, keeps a minimum fraction of its samples."""

from typing import Optional

import numpy as np

from bls_mm.checks import check_fraction
from bls_mm.ops.subsets import TOLERANCE
from bls_mm.registry import GUARDS

from .guard import Guard
from .sample_groups import class_of_each, source_of_each


@GUARDS.register_module()
class MinFraction(Guard):
    """Keeps at least a fraction of every class, or of every part of a ``ConcatDataset``.

    If the pruner keeps less of a group, random other samples of the group come back. It stores one
    byte per sample, two for 256 groups or more.

    Args:
        of (str): ``'source'``: the parts of a ``ConcatDataset``; ``'class'``: the classes of a data
            set with ``get_cat_ids`` or ``targets``. A sample of several classes belongs to the
            rarest. Defaults to ``'source'``.
        fraction (float): Fraction of each group's samples in every epoch, in ``[0, 1]``. Defaults
            to 0.2.
    """

    def __init__(self, of: str = 'source', fraction: float = 0.2) -> None:
        if of not in ('source', 'class'):
            raise ValueError(f"of must be 'source' or 'class', but got {of!r}")
        check_fraction('fraction', fraction)
        self.of = of
        self.fraction = fraction
        self.group_of: Optional[np.ndarray] = None
        self.minima: Optional[np.ndarray] = None

    def prepare(self, dataset):
        self.group_of = (source_of_each if self.of == 'source' else class_of_each)(dataset)
        sizes = np.bincount(self.group_of)
        self.minima = np.ceil(self.fraction * sizes - TOLERANCE).astype(np.int64)

    def bring_back(self, mask, rng):
        missing = self.minima - np.bincount(self.group_of[mask], minlength=len(self.minima))
        back = np.zeros(len(mask), dtype=bool)
        if (missing <= 0).all():
            return back
        candidates = np.flatnonzero(~mask & (missing > 0)[self.group_of])
        rng.shuffle(candidates)
        # Shuffled candidates, grouped: the first missing[g] of group g come back.
        candidates = candidates[np.argsort(self.group_of[candidates], kind='stable')]
        groups = self.group_of[candidates]
        rank_in_group = np.arange(len(groups)) - np.searchsorted(groups, groups)
        back[candidates[rank_in_group < missing[groups]]] = True
        return back
