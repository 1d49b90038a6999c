"""Cases in which a loss belongs to several samples, or to another one than the one scored.

The score goes to the sample that the sampler chose. Transforms that mix several images into one
(Mosaic, MixUp), and pipelines that reject a sample and deliver another, make that approximate.
Neither can be undone from outside the pipeline, so both are counted.
"""

from typing import Iterator, Sequence

import numpy as np
from torch import nn

from bls_mm.samplers import BLSSampler

from .model_method import unwrap

NOT_PLANNED = (
    'BLS: the batch sampler yields samples that the plan of the epoch leaves out, so the log says '
    'more pruned than there is; use a batch sampler that batches the samples of its sampler'
)
MIXING_METHODS = 'get_indexes', 'get_indices'  # OpenMMLab's mixing transforms ask for more images


def is_mixing(dataset) -> bool:
    """Whether a data set, with its present pipelines, mixes several images into one sample."""
    return any(
        hasattr(transform, method)
        for part in _parts(dataset)
        for transform in _transforms(getattr(part, 'pipeline', None))
        if type(transform).__name__ not in (getattr(part, '_skip_type_keys', None) or ())
        for method in MIXING_METHODS
    )


def mixes_batches(model: nn.Module) -> bool:
    """Whether a model (wrapped or not) mixes the images of a batch, as those of MMPretrain can.

    The loss of the batch is not affected; the loss of each sample also belongs to another one.
    """
    augments = getattr(getattr(unwrap(model), 'data_preprocessor', None), 'batch_augments', None)
    return any(hasattr(augment, 'mix') for augment in getattr(augments, 'augments', ()))


def count_replaced(dataset, indices: Sequence[int], data_batch) -> int:
    """Counts the samples of a batch whose file is not that of the requested sample.

    Args:
        dataset (Dataset): The training set.
        indices (sequence[int]): ``(B,)``, the requested samples.
        data_batch (dict): The batch; checked if its data samples name an ``img_path``.

    Returns:
        int: Number of replaced samples; 0 if files are not named.
    """
    delivered = data_batch.get('data_samples') if isinstance(data_batch, dict) else None
    if not isinstance(delivered, (list, tuple)) or not hasattr(dataset, 'get_data_info'):
        return 0
    replaced = 0
    for index, sample in zip(indices, delivered):
        path = getattr(sample, 'metainfo', {}).get('img_path')
        if path is not None:
            replaced += path != dataset.get_data_info(index).get('img_path', path)
    return replaced


def is_planned(sampler: BLSSampler, samples: np.ndarray) -> bool:
    """Whether the sampler may yield the samples of a batch in the planned epoch.

    Args:
        sampler (BLSSampler): The sampler.
        samples (np.ndarray): ``(B,)`` int64.
    """
    positions = sampler.state.placement.positions_of(samples)
    return sampler.order.may_yield(sampler.state, positions)


def _parts(dataset) -> Iterator:
    """Yields a data set and everything that it wraps."""
    yield dataset
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    for part in inner:
        if part is not None:
            yield from _parts(part)


def _transforms(pipeline) -> Iterator:
    """Yields the transforms of a pipeline, and of pipelines inside it."""
    inner = pipeline if isinstance(pipeline, (list, tuple)) else getattr(pipeline, 'transforms', ())
    for transform in inner or ():
        yield transform
        yield from _transforms(transform)
