"""Makes a detection data set in COCO format: handwritten digits on textured backgrounds.

    python tools/data/make_digit_scenes.py --out data/digit_scenes --train 1600 --val 300 --seed 0

makes

    data/digit_scenes/train/000000.jpg, ...
    data/digit_scenes/val/000000.jpg, ...
    data/digit_scenes/annotations/train.json, val.json

with boxes and masks (RLE). The splits use different digit images. The key ``digit`` of an
annotation is the index of its image in scikit-learn's ``load_digits``. Each scene depends only on
the seed and its index, not on the number of processes or scenes.
"""

import argparse
import json
import os
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from _common import make_once, make_parser, parallel_map, plain_errors, whole_number
from digit_scenes import draw_scene, split_digits
from pycocotools import mask as coco_mask

SPLITS = ('train', 'val')
QUALITY = 90  # of the JPEG files


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


def write_scene(index: int, folder: Path, split: str, seed: int) -> tuple[dict, list[dict]]:
    """Draws and saves one scene.

    Returns:
        tuple: Its entry in COCO's list of images, and its annotations without ids.
    """
    rng = np.random.default_rng((seed, SPLITS.index(split), index))
    scene = draw_scene(rng, split_digits(split))
    name = f'{index:06}.jpg'
    jpeg = cv2.imencode('.jpg', scene.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    (folder / split / name).write_bytes(jpeg.tobytes())
    height, width = scene.image.shape[:2]
    image = {'id': index + 1, 'file_name': name, 'height': height, 'width': width}
    annotations = [
        {
            'image_id': image['id'],
            'category_id': int(label) + 1,
            'digit': int(source),
            **describe(mask),
        }
        for mask, label, source in zip(scene.masks, scene.labels, scene.sources, strict=True)
    ]
    return image, annotations


def write_split(folder: Path, split: str, count: int, seed: int, processes: int) -> None:
    """Writes the images of a split and its annotation file."""
    (folder / split).mkdir()
    write = partial(write_scene, folder=folder, split=split, seed=seed)
    images, annotations = [], []
    for image, found in parallel_map(write, range(count), processes, f'Making {split} scenes'):
        images.append(image)
        annotations += found
    coco = {
        'info': {'description': f'Handwritten digits in scenes, {split}, seed {seed}'},
        'licenses': [],
        'images': images,
        # Ids start at 1: pycocotools treats an annotation with id 0 as unmatched.
        'annotations': [{'id': i, **found} for i, found in enumerate(annotations, 1)],
        'categories': [{'id': digit + 1, 'name': str(digit)} for digit in range(10)],
    }
    (folder / 'annotations').mkdir(exist_ok=True)
    (folder / 'annotations' / f'{split}.json').write_text(json.dumps(coco))


def write_set(folder: Path, counts: dict[str, int], seed: int, processes: int) -> None:
    """Writes all splits into an empty folder."""
    for split, count in counts.items():
        write_split(folder, split, count, seed, processes)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = make_parser(__doc__)
    out = 'data/digit_scenes'
    parser.add_argument('--out', type=Path, default=out, help='folder of the data set')
    parser.add_argument('--train', type=whole_number(1), default=1600, help='training images')
    parser.add_argument('--val', type=whole_number(1), default=300, help='validation images')
    parser.add_argument('--seed', type=whole_number(0), default=0, help='random seed')
    parser.add_argument(
        '--processes', type=whole_number(1), default=os.cpu_count(), help='number of processes'
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Runs the command line tool."""
    args = parse_args(argv)
    counts = {'train': args.train, 'val': args.val}
    write = partial(write_set, counts=counts, seed=args.seed, processes=args.processes)
    with plain_errors('make_digit_scenes'):
        made = make_once(args.out, {**counts, 'seed': args.seed}, write)
    done = 'made' if made else 'already contains'
    print(f'{args.out}: {done} {args.train} training and {args.val} validation images')


if __name__ == '__main__':
    main()
