"""Garments of Fashion-MNIST as objects of scenes."""

from functools import lru_cache
from pathlib import Path
from typing import Tuple

import cv2
import numpy as np
from make_fashion_mnist import read_split
from painting import draw_colour, draw_luminance
from scenes import Sprite

HEIGHTS = (24, 64)  # pixels
STRETCHES = (0.8, 1.2)  # width relative to height
ANGLE = 10  # degrees, in either direction
OPAQUE = 24  # grey level, of 255, from which a pixel belongs to the garment
NAMES = (
    *('T-shirt', 'trouser', 'pullover', 'dress', 'coat'),
    *('sandal', 'shirt', 'sneaker', 'bag', 'boot'),
)


@lru_cache(maxsize=2)
def garment_images(source: Path, split: str) -> Tuple[np.ndarray, np.ndarray]:
    """Returns the images (N, 28, 28) uint8 of a split, and their classes (N,)."""
    return read_split(source, 'train' if split == 'train' else 'test')


def draw_garment(rng: np.random.Generator, image: np.ndarray) -> Sprite:
    """Draws a garment of random size and angle. It keeps its grey levels, in a random colour.

    Args:
        rng (np.random.Generator): Source of randomness.
        image (np.ndarray): ``(28, 28)`` uint8.
    """
    height = np.exp(rng.uniform(*np.log(HEIGHTS)))
    stretch, angle = rng.uniform(*STRETCHES), rng.uniform(-ANGLE, ANGLE)
    mirrored = image[:, ::-1] if rng.random() < 0.5 else image
    side = int(1.6 * height)
    scale = np.diag([stretch, 1]) * height / len(image)
    turn = cv2.getRotationMatrix2D((0, 0), angle, 1)[:, :2] @ scale
    shift = side / 2 - turn @ np.full(2, (len(image) - 1) / 2)
    transform = np.column_stack([turn, shift])
    grey, opacity = (
        cv2.warpAffine(part.astype(np.float32), transform, (side, side), flags=cv2.INTER_LINEAR)
        for part in (mirrored, fill(mirrored >= OPAQUE))
    )
    left, top, wide, high = cv2.boundingRect((opacity >= 0.5).astype(np.uint8))
    window = slice(top, top + high), slice(left, left + wide)

    def colour(rng: np.random.Generator, ground: float, contrast: float) -> np.ndarray:
        tint = draw_colour(rng, draw_luminance(rng, ground, contrast))
        shade = grey[window] - grey[window][opacity[window] >= 0.5].mean()
        return tint + 0.5 * shade[..., None]

    return Sprite(opacity[window], colour)


def fill(mask: np.ndarray) -> np.ndarray:
    """Returns the largest part of a mask, without holes: dark prints belong to a garment."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(mask.shape, np.uint8)
    largest = max(outlines, key=cv2.contourArea)
    return cv2.drawContours(filled, [largest], 0, 1, thickness=cv2.FILLED)
