"""Replaces data sets with a dozen small images in the same format and at the same paths.

Only the data sets that read files are replaced. Wrappers, pipelines and filters do not change. Each
data set has its own images, so that a path identifies a sample.
"""

import json
import pickle
import string
from pathlib import Path
from typing import Iterator

import cv2
import numpy as np
from stand_in_captions import make_captions

NUM_SAMPLES = 12


def replace_data(dataset: dict, folder: Path) -> None:
    """Points all file-reading data sets of a config to small data sets below a folder.

    Args:
        dataset (dict): Config of a data set with any number of wrappers; changed in place.
        folder (Path): Folder to write the data to, unless they exist already.
    """
    leaves = list(find_leaves(dataset))
    is_detection = 'TextDet' in str(dataset)
    for leaf in leaves:
        root = folder / f'{leaf["type"]}_{len(leaves)}_{is_detection}' / leaf['data_root']
        num = -(-NUM_SAMPLES // len(leaves))
        rng = np.random.default_rng(len(leaf['data_root']))
        MAKERS[_name(leaf)](leaf, root, num, rng, is_detection)
        leaf['data_root'] = str(root)


def find_leaves(node) -> Iterator[dict]:
    """Yields the configs of the data sets that read files."""
    if isinstance(node, dict):
        if _name(node) in MAKERS:
            yield node
        node = node.values()
    elif not isinstance(node, (list, tuple)):
        return
    for child in node:
        yield from find_leaves(child)


def _name(node: dict) -> str:
    return str(node.get('type')).rsplit('.', 1)[-1]  # 'mmocr.OCRDataset' is an OCRDataset


def make_text(leaf, root: Path, num: int, rng, is_detection: bool) -> None:
    """OCRDataset: one word per image for recognition, two for detection."""
    samples = []
    for name in _names(leaf['ann_file'], num):
        image = _noise(rng, height=96, width=128)
        instances = []
        for top in (8, 56)[: 1 + is_detection]:
            left, text = int(rng.integers(4, 20)), _word(rng)
            right, bottom = left + 16 * len(text), top + 32
            cv2.putText(image, text, (left, bottom), 0, 0.9, (255, 255, 255), 2)
            instances.append(
                dict(
                    text=text,
                    bbox=[left, top, right, bottom],
                    bbox_label=0,
                    polygon=[left, top, right, top, right, bottom, left, bottom],
                    ignore=False,
                )
            )
        _write(root / name, image)
        samples.append(dict(img_path=name, height=96, width=128, instances=instances))
    task = dict(task_name='text', category=[dict(id=0, name='text')])
    _write(root / leaf['ann_file'], json.dumps(dict(metainfo=task, data_list=samples)))


def make_scenes(leaf, root: Path, num: int, rng, is_detection: bool) -> None:
    """CocoDataset: wide and tall images with boxes, masks and keypoints, and one without."""
    from mmdet.datasets import CocoDataset

    classes = leaf.get('metainfo', CocoDataset.METAINFO)['classes']
    classes = ['person'] if 'keypoints' in leaf['ann_file'] else classes  # of MMPose
    images, annotations = [], []
    for index, name in enumerate(_names('', num + 1)):
        height, width = ((64, 96), (96, 64))[index % 2]
        image = _noise(rng, height, width)
        for _ in range(rng.integers(1, 4) if index < num else 0):
            w, h = rng.integers(24, 48, 2).tolist()
            x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
            category = int(rng.integers(len(classes)))
            cv2.rectangle(image, (x, y), (x + w, y + h), rng.integers(0, 255, 3).tolist(), -1)
            diagonal = [(x + w * t // 18, y + h * t // 18, 2) for t in range(1, 18)]
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=index,
                    category_id=category + 1,
                    bbox=[x, y, w, h],
                    area=w * h,
                    iscrowd=0,
                    segmentation=[[x, y, x + w, y, x + w, y + h, x, y + h]],
                    num_keypoints=17,
                    keypoints=sum(diagonal, ()),  # all are visible
                )
            )
        _write(root / leaf['data_prefix']['img'] / name, image)
        images.append(dict(id=index, file_name=name, height=height, width=width))
    categories = [dict(id=index, name=name) for index, name in enumerate(classes, start=1)]
    content = dict(images=images, annotations=annotations, categories=categories)
    _write(root / leaf['ann_file'], json.dumps(content))


def make_cifar(leaf, root: Path, num: int, rng, is_detection: bool) -> None:
    """CIFAR10 and CIFAR100: the pickled batches of the archives."""
    from mmpretrain import datasets

    dataset = getattr(datasets, leaf['type'])
    for name, _ in dataset.train_list:
        count = -(-num // len(dataset.train_list))
        images = rng.integers(0, 256, (count, 3 * 32 * 32), dtype=np.uint8)
        labels = rng.integers(0, len(dataset.METAINFO['classes']), count).tolist()
        key = 'labels' if leaf['type'] == 'CIFAR10' else 'fine_labels'
        _write(root / dataset.base_folder / name, pickle.dumps({'data': images, key: labels}))
    for name, _ in dataset.test_list:  # must exist, but are not read
        _write(root / dataset.base_folder / name, b'')


def make_mnist(leaf, root: Path, num: int, rng, is_detection: bool) -> None:
    """MNIST and FashionMNIST: four files of a header with the shape, and bytes."""
    from mmpretrain import datasets

    metainfo = leaf.get('metainfo') or getattr(datasets, leaf['type']).METAINFO
    classes = len(metainfo['classes'])
    for split in ('train', 't10k'):
        images = rng.integers(0, 256, (num, 32, 32), dtype=np.uint8)
        labels = rng.integers(0, classes, num).astype(np.uint8)
        for name, array in (('images-idx3', images), ('labels-idx1', labels)):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype='>u4').tobytes()
            _write(root / f'{split}-{name}-ubyte', head + array.tobytes())


def make_classes(leaf, root: Path, num: int, rng, is_detection: bool) -> None:
    """ImageNet: images below the folder of the split, labels in ``meta``."""
    names = list(_names('', num))
    for name in names:
        _write(root / leaf['split'] / name, _noise(rng, 80, 96))
    lines = [f'{name} {rng.integers(1000)}' for name in names]
    _write(root / 'meta' / f'{leaf["split"]}.txt', '\n'.join(lines))


def make_segments(leaf, root: Path, num: int, rng, is_detection: bool) -> None:
    """Data sets of MMSegmentation: photos, and a map of classes for each."""
    image, segments, num_classes = SEGMENTS[_name(leaf)]
    prefix = leaf['data_prefix']
    for index in range(num):
        classes = rng.integers(0, num_classes, (4, 4), dtype=np.uint8)
        classes = np.kron(classes, np.ones((20, 24), np.uint8))
        _write(root / prefix['img_path'] / f'{index:02}{image}', _noise(rng, 80, 96))
        _write(root / prefix['seg_map_path'] / f'{index:02}{segments}', classes)


# Endings of photos and maps, and number of classes.
SEGMENTS = dict(ADE20KDataset=('.jpg', '.png', 151), DRIVEDataset=('.png', '_manual1.png', 2))
MAKERS = dict(
    **dict.fromkeys(SEGMENTS, make_segments),
    OCRDataset=make_text,
    CocoDataset=make_scenes,
    YOLOv5CocoDataset=make_scenes,
    CIFAR10=make_cifar,
    CIFAR100=make_cifar,
    ImageNet=make_classes,
    FashionMNIST=make_mnist,
    MNIST=make_mnist,
    CaptionTexts=make_captions,
)


def _names(prefix: str, num: int) -> Iterator[str]:
    return (f'{Path(prefix).stem}{index:02}.png' for index in range(num))


def _noise(rng, height: int, width: int) -> np.ndarray:
    return rng.integers(0, 128, (height, width, 3), dtype=np.uint8)


def _word(rng) -> str:
    letters = list(string.ascii_lowercase + string.digits)
    return ''.join(rng.choice(letters, rng.integers(3, 6)))


def _write(path: Path, content) -> None:
    if path.exists():
        return  # by an earlier config
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, np.ndarray):
        cv2.imwrite(str(path), content)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content)
