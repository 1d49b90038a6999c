"""Writes scenes as a detection data set in COCO format."""

import argparse
import json
import os
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, Sequence, Tuple

import cv2
import numpy as np
from _common import make_once, make_parser, parallel_map, plain_errors, whole_number
from pycocotools import mask as coco_mask
from scenes import Scene

SPLITS = ('train', 'val')
QUALITY = 90  # of the JPEG files
# Draws a scene and returns it with the class of each object: draw(rng, split).
Draw = Callable[[np.random.Generator, str], Tuple[Scene, Sequence[int]]]


def describe(mask: np.ndarray) -> dict:
    """Returns the COCO annotation of a mask: its RLE, its box (x, y, width, height) and its area.

    Args:
        mask (np.ndarray): ``(height, width)`` bool.
    """
    rle = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return {
        'segmentation': {'size': rle['size'], 'counts': rle['counts'].decode()},
        'bbox': coco_mask.toBbox(rle).tolist(),
        'area': int(coco_mask.area(rle)),
        'iscrowd': 0,
    }


def write_scene(
    index: int, folder: Path, split: str, seed: int, draw: Draw, key: str
) -> Tuple[dict, List[dict]]:
    """Draws and saves one scene.

    Returns:
        tuple: Its entry in COCO's list of images, and its annotations without ids. The key ``key``
        of an annotation is the index of the source image.
    """
    rng = np.random.default_rng((seed, SPLITS.index(split), index))
    scene, labels = draw(rng, split)
    name = f'{index:06}.jpg'
    jpeg = cv2.imencode('.jpg', scene.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    (folder / split / name).write_bytes(jpeg.tobytes())
    height, width = scene.image.shape[:2]
    image = {'id': index + 1, 'file_name': name, 'height': height, 'width': width}
    annotations = [
        {
            'image_id': image['id'],
            'category_id': int(label) + 1,
            key: int(source),
            **describe(mask),
        }
        for mask, label, source in zip(scene.masks, labels, scene.sources)
    ]
    return image, annotations


def write_split(
    folder: Path, split: str, count: int, names: Sequence[str], processes: int, **options
) -> None:
    """Writes the images of a split and its annotation file."""
    (folder / split).mkdir()
    write = partial(write_scene, folder=folder, split=split, **options)
    images, annotations = [], []
    for image, found in parallel_map(write, range(count), processes, f'Making {split} scenes'):
        images.append(image)
        annotations += found
    coco = {
        'info': {'description': f'Scenes, {split}, seed {options["seed"]}'},
        'licenses': [],
        'images': images,
        # Ids start at 1: pycocotools treats an annotation with id 0 as unmatched.
        'annotations': [{'id': i, **found} for i, found in enumerate(annotations, 1)],
        'categories': [{'id': number, 'name': name} for number, name in enumerate(names, 1)],
    }
    (folder / 'annotations').mkdir(exist_ok=True)
    (folder / 'annotations' / f'{split}.json').write_text(json.dumps(coco))


def write_set(folder: Path, counts: Dict[str, int], **options) -> None:
    """Writes all splits into an empty folder."""
    for split, count in counts.items():
        write_split(folder, split, count, **options)


def scene_parser(doc: str, out: str, train: int, val: int) -> argparse.ArgumentParser:
    """Returns the parser of a maker of scenes."""
    parser = make_parser(doc)
    parser.add_argument('--out', type=Path, default=out, help='folder of the data set')
    parser.add_argument('--train', type=whole_number(1), default=train, help='training images')
    parser.add_argument('--val', type=whole_number(1), default=val, help='validation images')
    parser.add_argument('--seed', type=whole_number(0), default=0, help='random seed')
    parser.add_argument(
        '--processes', type=whole_number(1), default=os.cpu_count(), help='number of processes'
    )
    return parser


def make_scenes(
    tool: str, args: argparse.Namespace, draw: Draw, names: Sequence[str], key: str
) -> None:
    """Makes a data set unless it is there already, and says so."""
    counts = {'train': args.train, 'val': args.val}
    options = dict(names=names, draw=draw, key=key, seed=args.seed, processes=args.processes)
    with plain_errors(tool):
        made = make_once(
            args.out, {**counts, 'seed': args.seed}, partial(write_set, counts=counts, **options)
        )
    done = 'made' if made else 'already contains'
    print(f'{args.out}: {done} {args.train} training and {args.val} validation images')
