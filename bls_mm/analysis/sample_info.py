"""Looks up what a data set knows about a sample: data info, source, and labels."""

from itertools import takewhile
from typing import List, Optional, Sequence, Tuple

import numpy as np


def data_info(dataset, index: int) -> dict:
    """Returns the data info of a sample, the input of its pipeline, through all wrappers.

    Raises:
        TypeError: If the data set is not one of MMEngine.
    """
    return innermost(dataset).get_data_info(index)


def innermost(dataset):
    """Returns the part of a wrapped data set that has the data infos.

    Raises:
        TypeError: If the data set is not one of MMEngine.
    """
    if hasattr(dataset, 'get_data_info'):
        return dataset
    if hasattr(dataset, 'dataset'):
        return innermost(dataset.dataset)
    raise TypeError(
        f'{type(dataset).__name__} has no get_data_info, so its samples cannot be described'
    )


def source_of(dataset, index: int) -> int:
    """Returns the position, within a ``ConcatDataset``, of the part that contains a sample."""
    ends = getattr(dataset, 'cumulative_sizes', None)
    return int(np.searchsorted(ends, index, side='right')) if ends else 0


def source_names(dataset) -> List[str]:
    """Names the parts of a ``ConcatDataset`` by the parts of their paths that differ."""
    parts = getattr(dataset, 'datasets', None) or [dataset]
    paths = [
        (getattr(part, 'ann_file', '') or getattr(part, 'data_root', '') or '').split('/')
        for part in parts
    ]
    if len(paths) == 1:
        return [type(dataset).__name__]
    start = _common_length(paths)
    end = _common_length([path[start:][::-1] for path in paths])
    names = ['/'.join(path[start : len(path) - end]) for path in paths]
    unique = len(set(names)) == len(names)
    return names if unique else [f'{number}: {name}' for number, name in enumerate(names, 1)]


def _common_length(paths: List[List[str]]) -> int:
    """Returns the number of leading parts that all paths share."""
    return len(list(takewhile(lambda parts: len(set(parts)) == 1, zip(*paths))))


def labels_of(info: dict, classes: Optional[Sequence[str]]) -> Tuple[List[str], str]:
    """Returns the class names of a sample, and its label as text.

    Args:
        info (dict): Its data info.
        classes (sequence[str], optional): The class names of the data set.
    """
    instances = info.get('instances') or []
    texts = [str(instance['text']) for instance in instances if 'text' in instance]
    if texts:
        return sorted({f'{len(text)} characters' for text in texts}), ' '.join(texts)
    labels = [instance.get('bbox_label') for instance in instances]
    if 'gt_label' in info:
        labels = np.ravel(info['gt_label']).tolist()
    names = [_class_name(label, classes) for label in labels if label is not None]
    return sorted(set(names)), ', '.join(names)


def _class_name(label: int, classes: Optional[Sequence[str]]) -> str:
    return str(classes[label]) if classes and 0 <= label < len(classes) else str(label)
