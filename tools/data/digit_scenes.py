"""Handwritten digits as objects of scenes.

The digits come from scikit-learn's ``load_digits``: 1,797 images of 8x8 pixels (Alpaydin and
Kaynak, 1998, 'Optical Recognition of Handwritten Digits', UCI).
"""

from functools import lru_cache
from typing import Tuple

import cv2
import numpy as np
from painting import draw_colour, draw_luminance
from scenes import Sprite
from sklearn.datasets import load_digits

HEIGHTS = (18, 48)  # pixels, of the digit image before rotation
STRETCHES = (0.8, 1.2)  # width relative to height
ANGLE = 15  # degrees, in either direction
VAL_FRACTION = 0.2  # the last digit images
NAMES = tuple('0123456789')


@lru_cache(maxsize=1)
def digit_images() -> Tuple[np.ndarray, np.ndarray]:
    """Returns all digit images (1797, 8, 8), float32 in [0, 1], and their classes (1797,)."""
    digits = load_digits()
    return (digits.images / 16).astype(np.float32), digits.target


def classes() -> np.ndarray:
    """Returns the class of each digit image."""
    return digit_images()[1]


def split_digits(split: str) -> np.ndarray:
    """Returns the indices of the digit images of a split, ``'train'`` or ``'val'``."""
    total = len(digit_images()[0])
    first = total - round(VAL_FRACTION * total)
    return np.arange(first) if split == 'train' else np.arange(first, total)


def draw_ink(digit: np.ndarray, height: float, stretch: float, angle: float) -> np.ndarray:
    """Enlarges and rotates a digit.

    Args:
        digit (np.ndarray): ``(8, 8)`` float32 in [0, 1].
        height (float): Height of the enlarged image in pixels.
        stretch (float): Width relative to height.
        angle (float): Rotation in degrees, counter-clockwise.

    Returns:
        np.ndarray: Opacity of each pixel, float32 in [0, 1], cropped to the ink.
    """
    side = int(2 * height)
    scale = np.diag([stretch, 1]) * height / len(digit)
    turn = cv2.getRotationMatrix2D((0, 0), angle, 1)[:, :2] @ scale
    centre = (len(digit) - 1) / 2
    shift = side / 2 - turn @ (centre, centre)
    ink = cv2.warpAffine(digit, np.column_stack([turn, shift]), (side, side), flags=cv2.INTER_CUBIC)
    # Enlarging 8x8 pixels blurs the strokes; a steep ramp sharpens their edges.
    ink = np.clip((ink - 0.35) / 0.3, 0, 1)
    left, top, width, height = cv2.boundingRect((ink > 0).astype(np.uint8))
    return ink[top : top + height, left : left + width]


def draw_digit(rng: np.random.Generator, source: int) -> Sprite:
    """Draws a digit of random size and angle, in one colour."""
    height = np.exp(rng.uniform(*np.log(HEIGHTS)))
    stretch, angle = rng.uniform(*STRETCHES), rng.uniform(-ANGLE, ANGLE)

    def colour(rng: np.random.Generator, ground: float, contrast: float) -> np.ndarray:
        return draw_colour(rng, draw_luminance(rng, ground, contrast))

    return Sprite(draw_ink(digit_images()[0][source], height, stretch, angle), colour)
