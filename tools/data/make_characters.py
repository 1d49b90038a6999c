"""Makes a classification data set of rendered characters. Nothing is downloaded.

    python tools/data/make_characters.py --out data/characters --train 10000 --test 10000 --seed 0

The 36 classes are letters and digits, rendered like the words of make_words.py: half of the images
in the style 'printed', half in the style 'scene'. The images are grey, 32 by 32 pixels. The files
have the format of MNIST, which the MNIST classes of MMPretrain and torchvision read:

    data/characters/train-images-idx3-ubyte, train-labels-idx1-ubyte
    data/characters/t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte

Each image depends only on the seed and its index, not on the number of processes or images. With
--wrong 0.1, 10 % of the training images have a wrong label.
"""

import argparse
import os
from functools import partial
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import cv2
import numpy as np
from _common import (
    fraction,
    make_once,
    make_parser,
    parallel_map,
    plain_errors,
    whole_number,
)
from idx_files import SPLITS, with_wrong_labels, write_split
from word_images import render_word
from word_styles import PRINTED, SCENE
from word_texts import ALPHABET

SIDE = 32  # pixels
STYLES = (PRINTED, SCENE)


def make_character(index: int, split: int, seed: int) -> Tuple[np.ndarray, int]:
    """Renders one character.

    Returns:
        tuple: Grey image ``(32, 32)`` uint8, and its class.
    """
    rng = np.random.default_rng([seed, split, index])
    label = int(rng.integers(len(ALPHABET)))
    image = render_word(ALPHABET[label], STYLES[index % len(STYLES)], rng)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return centre(grey), label


def centre(image: np.ndarray) -> np.ndarray:
    """Scales an image to fit into a square, and pads it by repeating its border pixels."""
    scale = SIDE / max(image.shape)
    width, height = (max(1, round(scale * side)) for side in image.shape[::-1])
    image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    rims = top, SIDE - height - top, left, SIDE - width - left
    return cv2.copyMakeBorder(image, *rims, cv2.BORDER_REPLICATE)


def write_sets(
    folder: Path, counts: Dict[str, int], wrong: float, seed: int, processes: int
) -> None:
    """Writes the images and labels of both splits into an empty folder."""
    for place, split in enumerate(SPLITS):
        make = partial(make_character, split=place, seed=seed)
        made = parallel_map(make, range(counts[split]), processes, f'{split} characters')
        images, labels = zip(*made)
        labels = np.array(labels)
        if split == 'train':
            labels = with_wrong_labels(labels, wrong, seed, len(ALPHABET))
        write_split(folder, split, np.stack(images), labels)


def make_characters(
    out: Path, train: int, test: int, seed: int, processes: int, wrong: float = 0.0
) -> bool:
    """Makes the data set in the folder ``out``, unless it already exists.

    Args:
        out (Path): Folder of the data set.
        train (int): Number of training images.
        test (int): Number of test images.
        seed (int): Random seed, at least 0.
        processes (int): Number of processes.
        wrong (float): Fraction of training images with a wrong label, in [0, 1]. Defaults to 0.

    Returns:
        bool: Whether the data set was made.
    """
    counts = {'train': train, 'test': test}
    write = partial(write_sets, counts=counts, wrong=wrong, seed=seed, processes=processes)
    return make_once(out, {**counts, 'wrong': wrong, 'seed': seed}, write)


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = make_parser(__doc__)
    out = 'data/characters'
    parser.add_argument('--out', type=Path, default=out, help='folder of the data set')
    parser.add_argument('--train', type=whole_number(1), default=10000, help='training images')
    parser.add_argument('--test', type=whole_number(1), default=10000, help='test images')
    parser.add_argument(
        '--wrong', type=fraction, default=0.0, help='fraction of wrong training labels'
    )
    parser.add_argument('--seed', type=whole_number(0), default=0, help='random seed')
    parser.add_argument(
        '--processes', type=whole_number(1), default=os.cpu_count(), help='number of processes'
    )
    return parser.parse_args(argv)


def main(argv: Optional[List[str]] = None) -> None:
    """Runs the command line tool."""
    args = parse_args(argv)
    with plain_errors('make_characters'):
        made = make_characters(**vars(args))
    done = 'made' if made else 'already contains'
    print(f'{args.out}: {done} {args.train} training and {args.test} test images')


if __name__ == '__main__':
    main()
