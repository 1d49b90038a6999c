"""Group of each sample of a training set: its class, or the data set that it comes from."""

from array import array
from typing import Sized, Tuple

import numpy as np


def source_of_each(dataset: Sized) -> np.ndarray:
    """Numbers the parts of a ``ConcatDataset``, sample by sample: ``(N,)`` small unsigned.

    Raises:
        ValueError: If the data set joins nothing.
    """
    ends = getattr(_unwrap(dataset), 'cumulative_sizes', None)
    if ends is None:
        raise ValueError(
            f"MinFraction(of='source') needs a ConcatDataset, but got {type(dataset).__name__}; "
            "use of='class', or leave the guard out"
        )
    sizes = np.diff(ends, prepend=0)
    sources = np.repeat(np.arange(len(sizes), dtype=np.min_scalar_type(len(sizes))), sizes)
    return sources[: len(dataset)]  # MMEngine may train on the first samples only


def class_of_each(dataset: Sized) -> np.ndarray:
    """Returns the number of the class of each sample.

    A sample of several classes gets the rarest of them; samples without a class form one more
    class. Reads ``get_cat_ids(index)`` (MMDetection, MMPretrain) or the list ``targets``
    (torchvision), for each part of a ``ConcatDataset``.

    Returns:
        np.ndarray: ``(N,)`` small unsigned.

    Raises:
        ValueError: If the data set has neither.
    """
    flat, sizes = _classes_of(dataset)
    sizes = sizes[: len(dataset)]  # MMEngine may train on the first samples only
    flat = flat[: sizes.sum()]
    names, flat, counts = np.unique(flat, return_inverse=True, return_counts=True)
    rarity = np.lexsort((np.arange(len(names)), counts)).argsort()  # 0 for the rarest
    rarest = np.full(len(sizes), len(names), dtype=np.int64)
    np.minimum.at(rarest, np.repeat(np.arange(len(sizes)), sizes), rarity[flat])
    return rarest.astype(np.min_scalar_type(len(names)))


def _classes_of(dataset: Sized) -> Tuple[np.ndarray, np.ndarray]:
    """Returns the classes of all samples, one after the other, and how many each sample has."""
    dataset = _unwrap(dataset)
    if hasattr(dataset, 'cumulative_sizes'):
        parts = [_classes_of(part) for part in dataset.datasets]
        return tuple(np.concatenate(each) for each in zip(*parts))
    if hasattr(dataset, 'get_cat_ids'):
        flat, ends = array('q'), array('q', [0])
        for index in range(len(dataset)):
            flat.extend(np.atleast_1d(dataset.get_cat_ids(index)).astype(np.int64).tolist())
            ends.append(len(flat))
        return np.array(flat), np.diff(ends)
    if hasattr(dataset, 'targets'):
        labels = np.array([int(label) for label in dataset.targets])
        return labels, np.ones_like(labels)
    raise ValueError(
        f"MinFraction(of='class') needs a data set with get_cat_ids or targets, but "
        f"{type(dataset).__name__} has neither; use of='source', or leave the guard out"
    )


def _unwrap(dataset: Sized) -> Sized:
    """Looks through wrappers that keep the order, such as MMDetection's MultiImageMixDataset."""
    while len(getattr(dataset, 'dataset', ())) == len(dataset) and not hasattr(dataset, 'indices'):
        dataset = dataset.dataset
    return dataset
