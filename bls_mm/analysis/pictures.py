"""The samples themselves: where they come from, what they hold, and how they look.

Annotations are drawn by the visualizer of the library that the run was of.
"""

from itertools import takewhile
from typing import Iterator, List, NamedTuple, Optional

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import DATASETS, VISUALIZERS, DefaultScope

from bls_mm.compat import allow_mmocr


class Sample(NamedTuple):
    """What a data set says of a sample.

    Attributes:
        path (str): Image file; empty where none is named.
        source (str): The data set it comes from, of several that are joined.
        classes (list[str]): What it holds: names of classes, or the length of a text.
        text (str): The label in words.
    """

    path: str
    source: str
    classes: List[str]
    text: str


class Pictures:
    """The training set of a config, for people to look at.

    Args:
        config (Config): Config of a run.
    """

    def __init__(self, config: Config) -> None:
        self.scope = config.get('default_scope') or 'mmengine'
        if self.scope == 'mmocr':
            allow_mmocr()
        options = config.train_dataloader.dataset
        with DefaultScope.overwrite_default_scope(self.scope):
            self.dataset = DATASETS.build(options)
            if hasattr(self.dataset, 'full_init'):
                self.dataset.full_init()
            self.load = Compose(_display_pipeline(options))
            self.visualizer = VISUALIZERS.build(
                {**config.visualizer, 'name': 'pictures', 'vis_backends': []}
            )
        self.metainfo = getattr(self.dataset, 'metainfo', None) or {}
        self.visualizer.dataset_meta = self.metainfo
        self.sources = source_names(self.dataset)

    def __len__(self) -> int:
        return len(self.dataset)

    def describe(self, index: int) -> Sample:
        """Says what a sample is.

        Args:
            index (int): Its place in the data set.
        """
        info = data_info(self.dataset, index)
        classes, text = _labels_of(info, self.metainfo.get('classes'))
        source = self.sources[source_of(self.dataset, index)]
        return Sample(info.get('img_path') or '', source, classes, text)

    def paint(self, index: int) -> np.ndarray:
        """Draws a sample with its annotations, before any augmentation.

        Args:
            index (int): Its place in the data set.

        Returns:
            np.ndarray: ``(H, W, 3)`` uint8, RGB.
        """
        with DefaultScope.overwrite_default_scope(self.scope):
            packed = self.load(dict(data_info(self.dataset, index)))
            image = packed['inputs'].numpy().transpose(1, 2, 0)
            if image.shape[2] == 1:
                image = image.repeat(3, axis=2)
            image = np.ascontiguousarray(image[..., ::-1])  # OpenMMLab loads BGR
            sample = packed['data_samples']
            if hasattr(self.visualizer, 'visualize_cls'):
                classes = self.metainfo.get('classes')
                return self.visualizer.visualize_cls(image, sample, classes, draw_pred=False)
            boxes = getattr(sample.get('gt_instances'), 'bboxes', None)
            if hasattr(boxes, 'tensor'):  # MMDetection's boxes, which its visualizer does not take
                sample.gt_instances.bboxes = boxes.tensor
            self.visualizer.add_datasample('sample', image, sample, draw_pred=False)
            return self.visualizer.get_image()


def data_info(dataset, index: int) -> dict:
    """Returns what a data set knows of a sample before its pipeline, through all wrappers.

    Raises:
        TypeError: If it is no data set of MMEngine.
    """
    if hasattr(dataset, 'get_data_info'):
        return dataset.get_data_info(index)
    if hasattr(dataset, 'dataset'):
        return data_info(dataset.dataset, index)
    raise TypeError(f'{type(dataset).__name__} has no get_data_info, so its samples are not named')


def source_of(dataset, index: int) -> int:
    """Returns the number of the data set that a sample comes from, of several that are joined."""
    ends = getattr(dataset, 'cumulative_sizes', None)
    return int(np.searchsorted(ends, index, side='right')) if ends else 0


def source_names(dataset) -> List[str]:
    """Names the data sets that are joined: what differs in the paths of their annotations."""
    parts = getattr(dataset, 'datasets', None) or [dataset]
    paths = [
        (getattr(part, 'ann_file', '') or getattr(part, 'data_root', '') or '').split('/')
        for part in parts
    ]
    if len(paths) == 1:
        return [type(dataset).__name__]
    start = _shared(paths)
    end = _shared([path[start:][::-1] for path in paths])
    names = ['/'.join(path[start : len(path) - end]) for path in paths]
    unique = len(set(names)) == len(names)
    return names if unique else [f'{number}: {name}' for number, name in enumerate(names, 1)]


def _shared(paths: List[List[str]]) -> int:
    """Returns how many parts all paths begin with."""
    return len(list(takewhile(lambda parts: len(set(parts)) == 1, zip(*paths))))


def _labels_of(info: dict, classes: Optional[List[str]]) -> tuple:
    """Returns the names of what a sample holds, and its label in words."""
    instances = info.get('instances') or []
    texts = [instance['text'] for instance in instances if 'text' in instance]
    if texts:
        return sorted({f'{len(text)} characters' for text in texts}), ' '.join(texts)
    labels = [instance.get('bbox_label') for instance in instances]
    if 'gt_label' in info:
        labels = np.ravel(info['gt_label']).tolist()
    names = [classes[label] if classes else str(label) for label in labels if label is not None]
    return sorted(set(names)), ', '.join(names)


def _display_pipeline(options: dict) -> List[dict]:
    """Leaves of all transforms those that load, and the one that packs."""
    transforms = list(_transforms_of(options))
    load = [t for t in transforms if _name_of(t).startswith('Load')]
    pack = [t for t in transforms if _name_of(t).startswith('Pack')][-1:]
    # People see colours, also where the model does not.
    load = [
        {k: v for k, v in t.items() if k not in ('color_type', 'imdecode_backend')} for t in load
    ]
    return [*load, *({**t, 'meta_keys': ('img_path', 'ori_shape', 'img_shape')} for t in pack)]


def _transforms_of(options: dict) -> Iterator[dict]:
    """Yields the transforms of a config of data sets, the innermost first."""
    parts = options.get('datasets') or [options.get('dataset')]
    if parts[0] is not None:
        yield from _transforms_of(parts[0])
    yield from options.get('pipeline') or ()


def _name_of(transform: dict) -> str:
    kind = transform['type']
    return (kind if isinstance(kind, str) else kind.__name__).rsplit('.', 1)[-1]
