"""Where a loss belongs to more samples than the one that is scored, or to another one.

The score goes to the sample that the sampler asked for. Two things make that approximate:
transforms that mix several images into one (Mosaic, MixUp), and pipelines that reject a sample and
deliver another in its place. Neither can be undone from outside; both are counted here.
"""

from typing import Iterator, Sequence

from torch import nn

MIXING_METHODS = 'get_indexes', 'get_indices'  # how OpenMMLab's mixing transforms ask for more


def is_mixing(dataset) -> bool:
    """Whether a data set, as its pipelines stand now, mixes several images into one sample."""
    return any(
        hasattr(transform, method)
        for part in _parts(dataset)
        for transform in _transforms(getattr(part, 'pipeline', None))
        if type(transform).__name__ not in (getattr(part, '_skip_type_keys', None) or ())
        for method in MIXING_METHODS
    )


def mixes_batches(model: nn.Module) -> bool:
    """Whether a model mixes the images of a batch with one another, as MMPretrain's can.

    The loss of the batch is then as good as ever; the loss of each sample is also that of another.
    """
    augments = getattr(getattr(model, 'data_preprocessor', None), 'batch_augments', None)
    return any(hasattr(augment, 'mix') for augment in getattr(augments, 'augments', ()))


def count_replaced(dataset, indices: Sequence[int], data_batch) -> int:
    """Counts the samples of a batch whose file is not the one that was asked for.

    Args:
        dataset (Dataset): The training set.
        indices (sequence[int]): ``(B,)``, the samples asked for.
        data_batch (dict): What came back; looked at where its data samples name an ``img_path``.

    Returns:
        int: How many of the B were replaced; 0 where files are not named.
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


def _parts(dataset) -> Iterator:
    """Yields a data set and all that it wraps."""
    yield dataset
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    for part in inner:
        if part is not None:
            yield from _parts(part)


def _transforms(pipeline) -> Iterator:
    """Yields the transforms of a pipeline, and of the pipelines within."""
    inner = pipeline if isinstance(pipeline, (list, tuple)) else getattr(pipeline, 'transforms', ())
    for transform in inner or ():
        yield transform
        yield from _transforms(transform)
