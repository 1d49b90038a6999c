"""Coverage-centric selection: drop the hardest samples, and cover the range of other scores."""

import math
from typing import Tuple

import numpy as np

from bls_mm.checks import check_fraction, check_int_between
from bls_mm.ops.long_arrays import blocks_of
from bls_mm.ops.percentiles import nth_smallest
from bls_mm.ops.shards import Shards
from bls_mm.ops.subsets import TOLERANCE, kept_count, random_subset, top_mask
from bls_mm.registry import PRUNERS

from .pruner import Pruner

MAX_STRATA = 256  # the stratum of a sample is a uint8


@PRUNERS.register_module()
class CoverageCentric(Pruner):
    r"""Drops the hardest samples, and keeps equally many from each range of the other scores.

    The :math:`\lfloor \beta n \rfloor` of :math:`n` samples with the highest scores are dropped,
    because wrong labels are among them. The range of the other scores is divided into :math:`k`
    strata of equal width. In ascending order of size, each stratum contributes an equal part of
    what is left of :math:`\lfloor (1 - r) n \rfloor` samples, drawn uniformly, or all that it has.
    All weights are 1. Most samples are easy, so most of those that are pruned are easy as well. It
    does not anneal by default.

    A dropped sample keeps its high score, so it returns only if a guard brings it back.

    Source: Coverage-centric Coreset Selection (CCS), ICLR 2023, arXiv 2210.15809, algorithm 1. CCS
    selects one subset before the training; here each epoch selects with the scores so far.

    Args:
        prune_ratio (float): The :math:`r` above, in ``[0, 1)``. Defaults to 0.3.
        hard_cutoff (float): The :math:`\beta` above, in ``[0, 1)``. No more than ``prune_ratio`` is
            dropped. Defaults to 0.1.
        num_strata (int): The :math:`k` above, from 1 to 256. Defaults to 50, as in the paper.
    """

    delta = 1.0
    shardable = True

    def __init__(
        self, prune_ratio: float = 0.3, hard_cutoff: float = 0.1, num_strata: int = 50
    ) -> None:
        check_fraction('prune_ratio', prune_ratio, below=1)
        check_fraction('hard_cutoff', hard_cutoff, below=1)
        check_int_between('num_strata', num_strata, 1, MAX_STRATA)
        self.prune_ratio = prune_ratio
        self.hard_cutoff = hard_cutoff
        self.num_strata = num_strata

    def prune(self, scores, scored, rng, progress):
        shards = progress.shards
        count = shards.count(scored)
        kept = kept_count(count, self.prune_ratio)
        num_hard = min(math.floor(self.hard_cutoff * count + TOLERANCE), count - kept)
        keep = scored
        keep ^= top_mask(scores, scored, num_hard, rng, shards)  # a subset of `keep`: clears it
        strata, sizes = self._strata(scores, keep, shards)
        budgets = stratum_budgets(kept, sizes)
        for stratum in np.flatnonzero(budgets < sizes):
            inside = strata == stratum
            inside &= keep
            keep ^= inside
            keep |= random_subset(inside, budgets[stratum], rng, shards)
        return keep, None

    def _strata(
        self, scores: np.ndarray, where: np.ndarray, shards: Shards
    ) -> Tuple[np.ndarray, np.ndarray]:
        """Returns the stratum of each sample, ``(N,)`` uint8, and the sizes of the strata.

        The sizes, ``(k,)`` int64, count the samples of all shards that ``where`` selects.
        """
        last = shards.count(where) - 1
        low, high = (nth_smallest(scores, where, rank, shards) for rank in (0, last))
        strata_per_unit = self.num_strata / (float(high) - float(low) or 1)
        strata = np.empty(len(scores), dtype=np.uint8)
        sizes = np.zeros(self.num_strata, dtype=np.int64)
        for block in blocks_of(len(scores)):
            place = np.subtract(scores[block], low, dtype=np.float64) * strata_per_unit
            strata[block] = np.clip(place, 0, self.num_strata - 1)
            sizes += np.bincount(strata[block][where[block]], minlength=self.num_strata)
        return strata, shards.sum(sizes)


def stratum_budgets(total: int, sizes: np.ndarray) -> np.ndarray:
    """Divides a number of samples among strata as evenly as their sizes allow.

    Args:
        total (int): Number of samples to keep, at most ``sizes.sum()``.
        sizes (np.ndarray): ``(k,)`` int64, the number of samples in each stratum.

    Returns:
        np.ndarray: ``(k,)`` int64, the number of samples to keep in each; the sum is ``total``.
    """
    budgets = np.zeros_like(sizes)
    for place, stratum in enumerate(np.argsort(sizes, kind='stable')):
        even_part = (total - budgets.sum()) // (len(sizes) - place)
        budgets[stratum] = min(sizes[stratum], even_part)
    return budgets
