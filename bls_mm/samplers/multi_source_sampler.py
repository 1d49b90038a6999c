"""The sampler that prunes, with several data sets mixed by a ratio in each batch."""

from typing import Optional, Sequence, Sized, Union

import numpy as np
from mmengine.registry import DATA_SAMPLERS

from bls_mm.checks import check_bool, check_positive_int
from bls_mm.pruners import Pruner
from bls_mm.scorers import Scorer

from .bls_sampler import BLSSampler
from .source_order import SourceOrder


@DATA_SAMPLERS.register_module()
class MultiSourceBLSSampler(BLSSampler):
    """A ``BLSSampler`` whose batches mix the parts of a ``ConcatDataset`` by a ratio.

    A drop-in for MMDetection's ``MultiSourceSampler`` and ``GroupMultiSourceSampler``, as in
    semi-supervised training. An epoch yields each kept sample of each source at least once. The
    samples of the other sources repeat, in a new order each time. If a plan keeps no sample of a
    source, batches contain any of its samples.

    Args:
        dataset (Sized): A ``ConcatDataset``: each part is a source.
        batch_size (int): Batch size of the loader, for one rank.
        source_ratio (sequence[float]): Ratio of the sources in a batch. The number of samples of
            each source is rounded down; the first source gets the remaining ones.
        group_by_orientation (bool): Whether a batch contains only portrait images, or only others,
            as with ``GroupMultiSourceSampler``; ``dataset.get_data_info`` must know ``width`` and
            ``height``. Defaults to False.
        scorer (dict, str or Scorer): As for :class:`BLSSampler`.
        pruner (dict, str or Pruner): As for :class:`BLSSampler`.
        shuffle (bool): Whether to shuffle the kept samples. Defaults to True.
        seed (int, optional): As for :class:`BLSSampler`.
        placement (str): ``'replicated'`` or ``'shared'``. Defaults to ``'replicated'``.
        max_epochs (int, optional): As for :class:`BLSSampler`.

    Raises:
        ValueError: If the data set has no parts, or an option has a value that is not allowed.

    Examples:
        >>> sampler = dict(
        ...     type='bls_mm.MultiSourceBLSSampler', batch_size=5, source_ratio=[1, 4],
        ...     pruner=dict(type='SeTa'))
    """

    def __init__(
        self,
        dataset: Sized,
        batch_size: int,
        source_ratio: Sequence[float],
        group_by_orientation: bool = False,
        scorer: Union[dict, str, Scorer, None] = None,
        pruner: Union[dict, str, Pruner] = dict(type='SeTa'),  # noqa: B006
        shuffle: bool = True,
        seed: Optional[int] = None,
        placement: str = 'replicated',
        max_epochs: Optional[int] = None,
    ) -> None:
        check_bool('group_by_orientation', group_by_orientation)
        numbers = split_batch(dataset, batch_size, source_ratio)
        if placement == 'sharded':
            raise ValueError(
                "MultiSourceBLSSampler does not work with placement='sharded', where no rank knows "
                "how many samples of each source are kept; use placement='replicated' or 'shared'"
            )
        super().__init__(
            dataset, scorer, pruner, shuffle, seed, placement=placement, max_epochs=max_epochs
        )
        self.batch_size = batch_size
        source = np.searchsorted(dataset.cumulative_sizes, np.arange(len(dataset)), side='right')
        group = np.zeros(len(dataset), dtype=bool)
        if group_by_orientation:
            group[:] = [is_portrait(dataset, index) for index in range(len(dataset))]
        self.order = SourceOrder(self.rank, shuffle, numbers, source, group)

    def avoid_singleton_batch(self, batch_size: Optional[int]) -> None:
        """Does nothing: all batches are full."""

    def use_batch_size(self, batch_size: int) -> None:
        """Raises a ValueError if the batches of the loader are not those of the sampler."""
        if batch_size != self.batch_size:
            raise ValueError(
                f'the sampler has batch_size={self.batch_size}, but train_dataloader has '
                f'batch_size={batch_size}; give both the same'
            )


def split_batch(dataset: Sized, batch_size: int, source_ratio: Sequence[float]) -> tuple:
    """Returns how many samples of each source are in a batch.

    Args:
        dataset (Sized): A ``ConcatDataset``.
        batch_size (int): Number of samples of a batch.
        source_ratio (sequence[float]): One positive number for each part of the data set.

    Raises:
        ValueError: If the data set has no parts or an empty one, the ratio does not fit them, or a
            source gets no sample.
    """
    check_positive_int('batch_size', batch_size)
    sizes = getattr(dataset, 'cumulative_sizes', None)
    if sizes is None:
        raise ValueError(
            f'MultiSourceBLSSampler needs a ConcatDataset, but got a {type(dataset).__name__}; use '
            'bls_mm.BLSSampler'
        )
    if min(np.diff(sizes, prepend=0)) == 0:
        number = np.diff(sizes, prepend=0).argmin()
        raise ValueError(
            f'part {number} of the ConcatDataset is empty; check its ann_file and filter_cfg'
        )
    if len(source_ratio) != len(sizes) or min(source_ratio) <= 0:
        raise ValueError(
            f'source_ratio must have a positive number for each of the {len(sizes)} data sets, but '
            f'got {list(source_ratio)}'
        )
    rest = [int(batch_size * part / sum(source_ratio)) for part in source_ratio[1:]]
    numbers = (batch_size - sum(rest), *rest)
    if min(numbers) == 0:
        raise ValueError(
            f'with batch_size={batch_size} and source_ratio={list(source_ratio)} a batch has '
            f'{list(numbers)} samples of the data sets; use a larger batch_size'
        )
    return numbers


def is_portrait(dataset: Sized, index: int) -> bool:
    """Whether an image is higher than wide."""
    info = dataset.get_data_info(index)
    return info['width'] < info['height']
