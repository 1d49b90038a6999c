"""Shows training samples: their files, sources, labels and annotated images.

The visualizer of MMDetection, MMOCR or MMPretrain draws the annotations.
"""

from typing import Iterator, List, NamedTuple, Tuple

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import DATASETS, VISUALIZERS, DefaultScope

from bls_mm.compat import import_library
from bls_mm.registry import type_name

from .sample_info import data_info, labels_of, source_names, source_of
from .text import describe_error, encodable


class Sample(NamedTuple):
    """The description of a sample.

    Attributes:
        path (str): Image file. Empty if the data set does not name one.
        source (str): The part of a ``ConcatDataset`` that contains the sample.
        classes (list[str]): Class names of its labels, or the length of its text.
        text (str): The label as text.
    """

    path: str
    source: str
    classes: List[str]
    text: str


class Pictures:
    """The training set of a config, prepared for inspection.

    It builds what the config names, which can run any code: use a config that the user named, never
    one that was found in a work dir or a checkpoint.

    Args:
        config (Config): Config of a run.
    """

    def __init__(self, config: Config) -> None:
        self.scope = config.get('default_scope') or 'mmengine'
        import_library(self.scope)
        options = config.train_dataloader.dataset
        with DefaultScope.overwrite_default_scope(self.scope):
            self.dataset = DATASETS.build(options)
            if hasattr(self.dataset, 'full_init'):
                self.dataset.full_init()
            self.load = Compose(_display_pipeline(options))
            visualizer = config.get('visualizer') or dict(type='Visualizer')
            self.visualizer = VISUALIZERS.build(
                {**visualizer, 'name': 'pictures', 'vis_backends': []}
            )
        self.metainfo = getattr(self.dataset, 'metainfo', None) or {}
        self.visualizer.dataset_meta = self.metainfo
        self.sources = source_names(self.dataset)

    def __len__(self) -> int:
        return len(self.dataset)

    def describe(self, index: int) -> Sample:
        """Describes a sample.

        Args:
            index (int): Index into the data set.
        """
        info = data_info(self.dataset, index)
        classes, text = labels_of(info, self.metainfo.get('classes'))
        return Sample(
            path=encodable(info.get('img_path') or ''),
            source=encodable(self.sources[source_of(self.dataset, index)]),
            classes=[encodable(name) for name in classes],
            text=encodable(text),
        )

    def try_describe(self, index: int) -> Tuple[Sample, str]:
        """Describes a sample, also one whose annotation is damaged.

        Args:
            index (int): Index into the data set.

        Returns:
            tuple: The description, with empty fields after an error, and the error as text, empty
            without one.
        """
        try:
            return self.describe(index), ''
        except Exception as error:  # any error of a user's data set
            return Sample('', '', [], ''), describe_error(error)

    def paint(self, index: int) -> np.ndarray:
        """Draws a sample with its annotations, without augmentation.

        Args:
            index (int): Index into the data set.

        Returns:
            np.ndarray: ``(H, W, 3)`` uint8, RGB.

        Raises:
            ValueError: If the pipeline returns no sample. Others raise errors of their own.
        """
        with DefaultScope.overwrite_default_scope(self.scope):
            packed = self.load(dict(data_info(self.dataset, index)))
            if packed is None:
                raise ValueError('the pipeline rejects the sample; is its image missing?')
            image = packed['inputs'].numpy().transpose(1, 2, 0)
            if image.shape[2] == 1:
                image = image.repeat(3, axis=2)
            image = np.ascontiguousarray(image[..., ::-1])  # OpenMMLab loads BGR
            sample = packed['data_samples']
            if hasattr(self.visualizer, 'visualize_cls'):
                classes = self.metainfo.get('classes')
                return self.visualizer.visualize_cls(image, sample, classes, draw_pred=False)
            boxes = getattr(sample.get('gt_instances'), 'bboxes', None)
            if hasattr(boxes, 'tensor'):  # its visualizer cannot draw MMDetection's box classes
                sample.gt_instances.bboxes = boxes.tensor
            self.visualizer.add_datasample('sample', image, sample, draw_pred=False)
            return self.visualizer.get_image()


def _display_pipeline(options: dict) -> List[dict]:
    """Returns the transforms that load a sample, and the last one that packs it."""
    transforms = list(_transforms_of(options))
    load = [t for t in transforms if type_name(t['type']).startswith('Load')]
    pack = [t for t in transforms if type_name(t['type']).startswith('Pack')][-1:]
    # Load in colour, also if the model sees grey images.
    load = [
        {k: v for k, v in t.items() if k not in ('color_type', 'imdecode_backend')} for t in load
    ]
    return [*load, *({**t, 'meta_keys': ('img_path', 'ori_shape', 'img_shape')} for t in pack)]


def _transforms_of(options: dict) -> Iterator[dict]:
    """Yields the transforms of nested data sets, the innermost first."""
    parts = options.get('datasets') or [options.get('dataset')]
    if parts[0] is not None:
        yield from _transforms_of(parts[0])
    yield from options.get('pipeline') or ()
