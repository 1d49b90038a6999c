"""InfoBatch: prune easy samples at random and increase the weight of those that are kept."""

from typing import Optional, Sequence

import numpy as np

from bls_mm.checks import check_bool, check_fraction
from bls_mm.ops.percentiles import masked_mean, percentile
from bls_mm.ops.subsets import random_fraction
from bls_mm.registry import PRUNERS

from .group_weights import GroupWeights
from .pruner import Pruner


@PRUNERS.register_module()
class InfoBatch(Pruner):
    r"""Keeps a random fraction of the samples below the mean score, with a larger weight.

    Of the :math:`n` samples with :math:`s_i < \bar s`, a uniform subset of
    :math:`\lfloor (1 - r) n \rfloor` is kept, with loss weight :math:`1 / (1 - r)`. All other
    samples are kept with weight 1. So the expected gradient is that of all samples. If the model
    returns one loss for the whole batch, it gets the mean weight of the batch.

    With ``quantiles`` there are several groups, as in the authors' code for ImageNet and
    segmentation. ``quantiles=(20, 85), keep_ratios=(0.25, 0.5)`` keeps a quarter of the lowest 20 %
    with weight 4, half of the next 65 % with weight 2, and all samples above.

    It anneals on all samples in the last eighth of the epochs by default.

    Source: InfoBatch, ICLR 2024, arXiv 2303.04947, equations 3 and 4.

    Args:
        prune_ratio (float): The :math:`r` of the paper, in ``[0, 1)``. The run saves less than this
            fraction: about 20 % with 0.5. Defaults to 0.5.
        quantiles (sequence[float], optional): Ascending percentiles in (0, 100), the thresholds
            between the groups. Defaults to None: one threshold, the mean.
        keep_ratios (sequence[float], optional): Fraction of each group that is kept, in ``(0, 1]``,
            from the lowest scores up. Required with ``quantiles``, and replaces ``prune_ratio``.
            Defaults to None.
        rescale (bool): Whether the kept samples get the weights above. Otherwise all weights are 1,
            and easy samples count less. Defaults to True.
    """

    shardable = True

    def __init__(
        self,
        prune_ratio: float = 0.5,
        quantiles: Optional[Sequence[float]] = None,
        keep_ratios: Optional[Sequence[float]] = None,
        rescale: bool = True,
    ) -> None:
        check_fraction('prune_ratio', prune_ratio, below=1)
        if (quantiles is None) != (keep_ratios is None):
            raise ValueError(
                f'quantiles={quantiles!r} and keep_ratios={keep_ratios!r} belong together; '
                'give both or neither'
            )
        if quantiles is not None:
            _check_quantiles(quantiles, keep_ratios)
        check_bool('rescale', rescale)
        self.prune_ratio = prune_ratio
        self.quantiles = quantiles
        self.keep_ratios = keep_ratios
        self.rescale = rescale

    def prune(self, scores, scored, rng, progress):
        shards = progress.shards
        if self.quantiles is None:
            ratios = [self.prune_ratio]
            thresholds = [masked_mean(scores, scored, shards)]
        else:
            ratios = [1 - keep_ratio for keep_ratio in self.keep_ratios]
            thresholds = [percentile(scores, scored, q, shards) for q in self.quantiles]
        # Group g is above g thresholds. The last group is kept; samples without a score join it.
        group = np.zeros(len(scores), dtype=np.uint8)
        for threshold in thresholds:
            group += scores >= threshold
        group[np.logical_not(scored, out=scored)] = len(ratios)
        keep = group == len(ratios)
        for number, prune_ratio in enumerate(ratios):
            keep |= random_fraction(group == number, prune_ratio, rng, shards)
        if not self.rescale:
            return keep, None
        levels = np.array([*(1 / (1 - ratio) for ratio in ratios), 1], dtype=np.float32)
        return keep, GroupWeights(levels, group)


def _check_quantiles(quantiles: Sequence[float], keep_ratios: Sequence[float]) -> None:
    ascending = all(a < b for a, b in zip([0, *quantiles], [*quantiles, 100]))
    if not ascending or len(quantiles) != len(keep_ratios):
        raise ValueError(
            'quantiles must be ascending percentiles between 0 and 100, as many as keep_ratios, '
            f'but got quantiles={quantiles!r} and keep_ratios={keep_ratios!r}'
        )
    for keep_ratio in keep_ratios:
        check_fraction('keep_ratios', keep_ratio, above=0)
