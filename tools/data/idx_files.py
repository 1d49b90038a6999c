"""Images and labels in the format of MNIST: 'IDX' files of bytes."""

from pathlib import Path

import numpy as np

SPLITS = {'train': 'train', 'test': 't10k'}  # our names and the names in MNIST's files
UNSIGNED_BYTES = 8  # type code of the format


def as_idx(array: np.ndarray) -> bytes:
    """Encodes a uint8 array: type, number of dimensions, sizes, content."""
    head = bytes([0, 0, UNSIGNED_BYTES, array.ndim])
    return head + np.array(array.shape, dtype='>u4').tobytes() + array.tobytes()


def from_idx(content: bytes) -> np.ndarray:
    """Decodes what :func:`as_idx` returns.

    Raises:
        OSError: If the content is not a whole uint8 array.
    """
    num_dimensions = content[3] if content[:3] == bytes([0, 0, UNSIGNED_BYTES]) else 0
    start = 4 + 4 * num_dimensions
    shape = np.frombuffer(content[4:start], dtype='>u4').astype(int)
    if num_dimensions == 0 or len(content) != start + shape.prod():
        raise OSError('a file is damaged: it is not a whole IDX file of bytes')
    return np.frombuffer(content[start:], dtype=np.uint8).reshape(shape)


def write_split(folder: Path, split: str, images: np.ndarray, labels: np.ndarray) -> None:
    """Writes the images and labels of a split.

    Args:
        folder (Path): An existing folder.
        split (str): ``'train'`` or ``'test'``.
        images (np.ndarray): ``(N, H, W)`` uint8.
        labels (np.ndarray): ``(N,)`` integers, the classes.
    """
    name = SPLITS[split]
    (folder / f'{name}-images-idx3-ubyte').write_bytes(as_idx(images))
    (folder / f'{name}-labels-idx1-ubyte').write_bytes(as_idx(labels.astype(np.uint8)))


def with_wrong_labels(
    labels: np.ndarray, fraction: float, seed: int, num_classes: int
) -> np.ndarray:
    """Replaces the class of some samples with another one, independently of their number.

    Args:
        labels (np.ndarray): ``(N,)``, classes.
        fraction (float): Probability of a wrong class, in [0, 1].
        seed (int): Random seed, at least 0.
        num_classes (int): Number of classes.

    Returns:
        np.ndarray: ``(N,)``, classes.
    """
    chances = np.random.default_rng([seed, len(SPLITS)]).random((len(labels), 2))
    others = 1 + np.floor(chances[:, 1] * (num_classes - 1)).astype(int)
    return np.where(chances[:, 0] < fraction, (labels + others) % num_classes, labels)
