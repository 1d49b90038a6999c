"""InfoBatch: prune easy samples softly, and let the kept ones stand for the pruned."""

from typing import Optional, Sequence

import numpy as np

from bls_mm.registry import PRUNERS

from .choose import thin
from .histogram import mean, percentile
from .pruner import Pruner, check_share
from .selection import GroupWeights


@PRUNERS.register_module()
class InfoBatch(Pruner):
    r"""Keeps a random share of the samples below the mean score, with more weight.

    Of the samples with :math:`s_i < \bar s`, a uniform :math:`\lfloor (1 - r) n \rfloor` stay, each
    with the loss weight :math:`1 / (1 - r)`; the others stay with weight 1. Source: InfoBatch (ICLR
    2024, arXiv 2303.04947), equations 3 and 4. The weights of a batch act on its gradient; where
    the model gives one loss for the whole batch, their mean does.

    The quantile variant (the authors' ImageNet and segmentation code) cuts at percentiles instead:
    ``quantiles=(20, 85), keep_ratios=(0.25, 0.5)`` keeps a quarter of the lowest 20 % with weight
    4, half of the next 65 % with weight 2, and all above.

    Args:
        prune_ratio (float): The :math:`r` of the paper, in ``[0, 1)``. Fewer samples are saved
            than that: 0.5 saves about 20 % of a run. Defaults to 0.5.
        quantiles (sequence[float], optional): Ascending percentiles in (0, 100). Defaults to None,
            cut at the mean.
        keep_ratios (sequence[float], optional): Share in (0, 1] that stays below each percentile;
            needs ``quantiles``, and takes the place of ``prune_ratio``. Defaults to None.
        delta (float): Share of the epochs that prune. Defaults to 0.875.
        rescale (bool): Whether the kept get the weights above; without them easy samples count
            less. Defaults to True.
    """

    shardable = True

    def __init__(
        self,
        prune_ratio: float = 0.5,
        quantiles: Optional[Sequence[float]] = None,
        keep_ratios: Optional[Sequence[float]] = None,
        delta: float = 0.875,
        rescale: bool = True,
    ) -> None:
        super().__init__(delta)
        check_share('prune_ratio', prune_ratio, below=1)
        if (quantiles is None) != (keep_ratios is None):
            raise ValueError(
                f'quantiles={quantiles!r} and keep_ratios={keep_ratios!r} belong together; '
                'give both or neither'
            )
        if quantiles is not None:
            _check_quantiles(quantiles, keep_ratios)
        if not isinstance(rescale, bool):
            raise ValueError(f'rescale must be True or False, but got {rescale!r}')
        self.prune_ratio = prune_ratio
        self.rescale = rescale
        self.quantiles = quantiles
        self.keep_ratios = keep_ratios

    def prune(self, scores, scored, epoch, rng):
        if self.quantiles is None:
            cuts = [mean(scores, scored, self.shards)]
        else:
            cuts = [percentile(scores, scored, q, self.shards) for q in self.quantiles]
        group = np.zeros(len(scores), dtype=np.uint8)
        for cut in cuts:
            group += scores >= cut
        group[np.logical_not(scored, out=scored)] = len(cuts)  # the never scored stay
        keep = group == len(cuts)
        ratios = [self.prune_ratio] if self.quantiles is None else [1 - k for k in self.keep_ratios]
        for number, prune_ratio in enumerate(ratios):
            keep |= thin(group == number, prune_ratio, rng, self.shards)
        if not self.rescale:
            return keep, None
        return keep, GroupWeights([*(1 / (1 - ratio) for ratio in ratios), 1], group)


def _check_quantiles(quantiles: Sequence[float], keep_ratios: Sequence[float]) -> None:
    ascending = all(a < b for a, b in zip([0, *quantiles], [*quantiles, 100]))
    if not ascending or len(quantiles) != len(keep_ratios):
        raise ValueError(
            'quantiles must be ascending percentiles between 0 and 100, as many as keep_ratios, '
            f'but got quantiles={quantiles!r} and keep_ratios={keep_ratios!r}'
        )
    for keep_ratio in keep_ratios:
        if not 0 < keep_ratio <= 1:
            raise ValueError(f'keep_ratios must be shares in (0, 1], but got {keep_ratio!r}')
