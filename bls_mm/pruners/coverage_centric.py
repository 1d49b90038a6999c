"""Coverage-centric selection: as many from every range of scores, but not the very hardest."""

import math
from typing import Tuple

import numpy as np

from bls_mm.registry import PRUNERS

from .blocks import blocks_of
from .choose import count_kept, thin_to, top_mask
from .histogram import nth_smallest
from .pruner import ROUNDING, Pruner, check_share

MOST_STRATA = 256  # a byte tells them apart


@PRUNERS.register_module()
class CoverageCentric(Pruner):
    r"""Leaves out the hardest, and takes as many as can be from each range of the other scores.

    The :math:`\lfloor \beta n \rfloor` samples of highest score go: wrong labels are among them.
    The range of the scores that are left is cut into :math:`k` strata of equal width. Of
    :math:`\lfloor (1 - r) n \rfloor` kept samples each stratum gets as many as the others, or all
    that it has; its samples are drawn uniformly, unweighted. There are many easy samples of like
    score and few hard ones, so it is mostly easy ones that go.

    Source: Coverage-centric Coreset Selection (CCS, ICLR 2023, arXiv 2210.15809), algorithm 1.
    There a subset is chosen once, before a training; here one for each epoch, by the scores so far.
    A sample that is left out keeps its score, so one that was cut off comes back by a guard only.

    Args:
        prune_ratio (float): The :math:`r` above, in ``[0, 1)``. Defaults to 0.3.
        hard_cutoff (float): The :math:`\beta` above, in ``[0, 1)``; no more than ``prune_ratio`` is
            cut off. Defaults to 0.1.
        num_strata (int): The :math:`k` above, from 1 to 256. Defaults to 50, the paper's.
        delta (float): Share of the epochs that prune. Defaults to 1.0, no annealing.
        interval (int): Select anew every so many epochs. Defaults to 1.
    """

    shardable = True

    def __init__(
        self,
        prune_ratio: float = 0.3,
        hard_cutoff: float = 0.1,
        num_strata: int = 50,
        delta: float = 1.0,
        interval: int = 1,
    ) -> None:
        super().__init__(delta, interval)
        check_share('prune_ratio', prune_ratio, below=1)
        check_share('hard_cutoff', hard_cutoff, below=1)
        if not isinstance(num_strata, int) or not 1 <= num_strata <= MOST_STRATA:
            raise ValueError(
                f'num_strata must be an integer from 1 to {MOST_STRATA}, but got {num_strata!r}'
            )
        self.prune_ratio = prune_ratio
        self.hard_cutoff = hard_cutoff
        self.num_strata = num_strata

    def prune(self, scores, scored, epoch, rng):
        count = self.shards.count(scored)
        kept = count_kept(count, self.prune_ratio)
        cut_off = min(math.floor(self.hard_cutoff * count + ROUNDING), count - kept)
        keep = scored
        keep ^= top_mask(scores, scored, cut_off, rng, self.shards)
        strata, sizes = self._strata(scores, keep)
        budgets = share_evenly(kept, sizes)
        for stratum in np.flatnonzero(budgets < sizes):
            inside = strata == stratum
            inside &= keep
            keep ^= inside
            keep |= thin_to(inside, budgets[stratum], rng, self.shards)
        return keep, None

    def _strata(self, scores: np.ndarray, where: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Returns the stratum of each sample, ``(N,)`` uint8, and how many samples each has.

        Those that are not in ``where`` count in none.
        """
        last = self.shards.count(where) - 1
        low, high = (nth_smallest(scores, where, rank, self.shards) for rank in (0, last))
        per_width = self.num_strata / (float(high) - float(low) or 1)
        strata = np.empty(len(scores), dtype=np.uint8)
        sizes = np.zeros(self.num_strata, dtype=np.int64)
        for block in blocks_of(len(scores)):
            place = np.subtract(scores[block], low, dtype=np.float64) * per_width
            strata[block] = np.clip(place, 0, self.num_strata - 1)
            sizes += np.bincount(strata[block][where[block]], minlength=self.num_strata)
        return strata, self.shards.sum(sizes)


def share_evenly(total: int, sizes: np.ndarray) -> np.ndarray:
    """Shares a number out as evenly as sizes allow.

    From the smallest on, each takes its even part of what is left, or all that it has.

    Args:
        total (int): What to share out, at most ``sizes.sum()``.
        sizes (np.ndarray): ``(k,)`` int64, the most that each can take.

    Returns:
        np.ndarray: ``(k,)`` int64, of sum ``total``.
    """
    shares = np.zeros_like(sizes)
    for place, smallest in enumerate(np.argsort(sizes, kind='stable')):
        shares[smallest] = min(sizes[smallest], (total - shares.sum()) // (len(sizes) - place))
    return shares
