"""Makes a classification data set of rendered characters, so that a training needs no download.

    python tools/data/make_characters.py --out data/characters --train 10000 --test 10000 --seed 0

Letters and digits, 36 classes, each drawn as the words of make_words.py are: half of the images in
the style of its 'printed' set, half in that of 'scene'. Grey, 32 by 32 pixels, in the format of
MNIST, which MMPretrain's and torchvision's MNIST read:

    data/characters/train-images-idx3-ubyte, train-labels-idx1-ubyte
    data/characters/t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte

An image depends on nothing but the seed and its own place: neither the number of processes nor
that of the images changes it. With --wrong 0.1 a tenth of the training images have another class
than they show.
"""

import argparse
import os
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from _common import make_once, parallel_map, plain_errors, share, whole_number
from word_images import PRINTED, SCENE, render_word
from word_texts import ALPHABET

SIDE = 32  # pixels
STYLES = (PRINTED, SCENE)
SPLITS = {'train': 'train', 'test': 't10k'}  # and how MNIST calls them
UNSIGNED_BYTES = 8  # the code of this type in MNIST's format


def make_character(index: int, split: int, seed: int) -> tuple[np.ndarray, int]:
    """Renders one character.

    Returns:
        tuple: Grey image (32, 32), uint8; and its class.
    """
    rng = np.random.default_rng([seed, split, index])
    label = int(rng.integers(len(ALPHABET)))
    image = render_word(ALPHABET[label], STYLES[index % len(STYLES)], rng)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return centre(grey), label


def centre(image: np.ndarray) -> np.ndarray:
    """Fits an image into a square, its shape kept; its rim goes on where it is too narrow."""
    scale = SIDE / max(image.shape)
    width, height = (max(1, round(scale * side)) for side in image.shape[::-1])
    image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    rims = top, SIDE - height - top, left, SIDE - width - left
    return cv2.copyMakeBorder(image, *rims, cv2.BORDER_REPLICATE)


def with_wrong_labels(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Gives a share of the samples another class; more samples change none of the first ones.

    Args:
        labels: (samples,), classes.
        share: Chance of each sample, in [0, 1].
        seed: Any number from 0.

    Returns:
        np.ndarray: (samples,), classes.
    """
    chances = np.random.default_rng([seed, len(SPLITS)]).random((len(labels), 2))
    others = 1 + np.floor(chances[:, 1] * (len(ALPHABET) - 1)).astype(int)
    return np.where(chances[:, 0] < share, (labels + others) % len(ALPHABET), labels)


def as_idx(array: np.ndarray) -> bytes:
    """An array of bytes in MNIST's format: type, number of dimensions, their sizes, content."""
    head = bytes([0, 0, UNSIGNED_BYTES, array.ndim])
    return head + np.array(array.shape, dtype='>u4').tobytes() + array.tobytes()


def write_sets(
    folder: Path, counts: dict[str, int], wrong: float, seed: int, processes: int
) -> None:
    """Writes images and labels into an empty folder."""
    for place, (split, name) in enumerate(SPLITS.items()):
        make = partial(make_character, split=place, seed=seed)
        made = parallel_map(make, range(counts[split]), processes, f'{split} characters')
        images, labels = zip(*made, strict=True)
        (folder / f'{name}-images-idx3-ubyte').write_bytes(as_idx(np.stack(images)))
        labels = np.array(labels)
        if split == 'train':
            labels = with_wrong_labels(labels, wrong, seed)
        (folder / f'{name}-labels-idx1-ubyte').write_bytes(as_idx(labels.astype(np.uint8)))


def make_characters(
    out: Path, train: int, test: int, seed: int, processes: int, wrong: float = 0.0
) -> bool:
    """Makes the set in the folder ``out``, unless it is there already.

    Args:
        out: Folder of the set.
        train: Number of training images.
        test: Number of test images.
        seed: Any number from 0.
        processes: How many processes share the work.
        wrong: Share of the training images with a wrong label, in [0, 1].

    Returns:
        bool: Whether anything was made.
    """
    counts = {'train': train, 'test': test}
    write = partial(write_sets, counts=counts, wrong=wrong, seed=seed, processes=processes)
    return make_once(out, {**counts, 'wrong': wrong, 'seed': seed}, write)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--out', type=Path, default='data/characters', help='folder to make')
    parser.add_argument('--train', type=whole_number(1), default=10000, help='training images')
    parser.add_argument('--test', type=whole_number(1), default=10000, help='test images')
    parser.add_argument('--wrong', type=share, default=0.0, help='share of wrong training labels')
    parser.add_argument('--seed', type=whole_number(0), default=0)
    parser.add_argument('--processes', type=whole_number(1), default=os.cpu_count())
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Runs the command line tool."""
    args = parse_args(argv)
    with plain_errors('make_characters'):
        made = make_characters(**vars(args))
    done = 'made' if made else 'here already:'
    print(f'{args.out}: {done} {args.train} training and {args.test} test images')


if __name__ == '__main__':
    main()
