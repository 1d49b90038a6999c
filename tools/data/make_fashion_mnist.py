"""Prepares Fashion-MNIST, 60,000 + 10,000 real images of garments, from Debian's package.

    apt install dataset-fashion-mnist
    python tools/data/make_fashion_mnist.py --out data/fashion_mnist

Nothing is downloaded but the package, which this tool installs if it may. The files have the format
of MNIST, which the MNIST classes of MMPretrain and torchvision read. With --train 20000 only the
first 20,000 training images are taken; with --wrong 0.1, 10 % of the training images have a wrong
label.
"""

import argparse
import gzip
import sys
from functools import partial
from pathlib import Path
from typing import List, Optional, Tuple

import numpy as np
from _common import fraction, make_once, plain_errors, whole_number
from debian import install, may_install
from idx_files import SPLITS, from_idx, with_wrong_labels, write_split

PACKAGE = 'dataset-fashion-mnist'
SOURCE = Path('/usr/share/datasets/fashion-mnist')
NUM_CLASSES = 10


def find_source(source: Path) -> Path:
    """Returns the folder of the package's files, and installs the package if it is missing.

    Raises:
        FileNotFoundError: If the files are not there and the package cannot be installed.
    """
    if any(source.glob('train-images-idx3-ubyte*')):
        return source
    if source == SOURCE and may_install():
        install([PACKAGE])
        if any(source.glob('train-images-idx3-ubyte*')):
            return source
    raise FileNotFoundError(
        f"'{source}' contains no Fashion-MNIST; install Debian's package with `apt install "
        f'{PACKAGE}`, or give the folder of the four IDX files with --source'
    )


def read_split(source: Path, split: str) -> Tuple[np.ndarray, np.ndarray]:
    """Reads a split, from files that may be compressed.

    Returns:
        tuple: Images ``(N, 28, 28)`` uint8, and classes ``(N,)`` uint8.
    """
    images, labels = (
        from_idx(read_file(source / f'{SPLITS[split]}-{kind}-ubyte'))
        for kind in ('images-idx3', 'labels-idx1')
    )
    return images, labels


def read_file(path: Path) -> bytes:
    """Reads a file, or the file of this name that gzip has compressed."""
    packed = path.with_name(f'{path.name}.gz')
    return gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()


def write_sets(folder: Path, source: Path, train: int, wrong: float, seed: int) -> None:
    """Writes the images and labels of both splits into an empty folder."""
    images, labels = read_split(source, 'train')
    labels = with_wrong_labels(labels, wrong, seed, NUM_CLASSES)
    write_split(folder, 'train', images[:train], labels[:train])
    write_split(folder, 'test', *read_split(source, 'test'))


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument(
        '--out', type=Path, default=Path('data/fashion_mnist'), help='folder of the data set'
    )
    parser.add_argument(
        '--source', type=Path, default=SOURCE, help='folder of the IDX files (default: %(default)s)'
    )
    parser.add_argument('--train', type=whole_number(1), default=60000, help='training images')
    parser.add_argument(
        '--wrong', type=fraction, default=0.0, help='fraction of wrong training labels'
    )
    parser.add_argument('--seed', type=whole_number(0), default=0, help='seed of wrong labels')
    return parser.parse_args(argv)


def main(argv: Optional[List[str]] = None) -> None:
    """Runs the command line tool."""
    args = parse_args(argv)
    with plain_errors('make_fashion_mnist'):
        arguments = dict(train=args.train, wrong=args.wrong, seed=args.seed)
        write = partial(write_sets, source=find_source(args.source), **arguments)
        made = make_once(args.out, arguments, write)
    done = 'made' if made else 'already contains'
    print(f'{args.out}: {done} {args.train} training and 10000 test images')


if __name__ == '__main__':
    main(sys.argv[1:])
