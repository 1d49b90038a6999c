"""Draws scenes of handwritten digits: random positions, sizes and angles, textured backgrounds.

The digits come from scikit-learn's ``load_digits``: 1,797 images of 8x8 pixels (Alpaydin and
Kaynak, 1998, 'Optical Recognition of Handwritten Digits', UCI).
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from painting import draw_colour, draw_luminance, draw_shading, draw_texture, paint
from sklearn.datasets import load_digits

LONG_SIDE = 128
SHORT_SIDES = (80, 96)
EMPTY_FRACTION = 0.08  # images without a digit
MAX_DIGITS = 6
HEIGHTS = (18, 48)  # pixels, of the digit image before rotation
STRETCHES = (0.8, 1.2)  # width relative to height
ANGLE = 15  # degrees, in either direction
CONTRASTS = (70, 200)  # difference in luminance between a digit and its background
TEXTURES = (0.1, 0.4)  # standard deviation of the background, relative to the contrast
MIN_VISIBLE = 0.85  # fraction of a digit that must stay visible
TRIES = 20  # positions to try for each digit
VAL_FRACTION = 0.2  # the last digit images


@dataclass(frozen=True)
class Scene:
    """An image with its annotations, for D digits.

    Args:
        image (np.ndarray): ``(height, width, 3)`` uint8, channels in OpenCV's order (BGR).
        masks (np.ndarray): ``(D, height, width)`` bool, the visible pixels of each digit.
        labels (np.ndarray): ``(D,)``, the class of each digit, 0 to 9.
        sources (np.ndarray): ``(D,)``, the index of each digit in ``load_digits``.
    """

    image: np.ndarray
    masks: np.ndarray
    labels: np.ndarray
    sources: np.ndarray


@lru_cache(maxsize=1)
def digit_images() -> tuple[np.ndarray, np.ndarray]:
    """Returns all digit images (1797, 8, 8), float32 in [0, 1], and their classes (1797,)."""
    digits = load_digits()
    return (digits.images / 16).astype(np.float32), digits.target


def split_digits(split: str) -> np.ndarray:
    """Returns the indices of the digit images of a split, ``'train'`` or ``'val'``."""
    total = len(digit_images()[0])
    first = total - round(VAL_FRACTION * total)
    return np.arange(first) if split == 'train' else np.arange(first, total)


def draw_digit(digit: np.ndarray, height: float, stretch: float, angle: float) -> np.ndarray:
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


def draw_size(rng: np.random.Generator) -> tuple[int, int]:
    """Returns a random height and width, portrait or landscape with equal probability."""
    short = int(rng.integers(SHORT_SIDES[0], SHORT_SIDES[1] + 1))
    return (LONG_SIDE, short) if rng.random() < 0.5 else (short, LONG_SIDE)


def place_digit(
    rng: np.random.Generator,
    ink: np.ndarray,
    masks: list[np.ndarray],
    areas: list[int],
    size: tuple[int, int],
) -> np.ndarray | None:
    """Places a digit at a random position that leaves enough of the earlier digits visible.

    Args:
        rng (np.random.Generator): Source of randomness.
        ink (np.ndarray): Opacity of the digit, in [0, 1].
        masks (list[np.ndarray]): Visible pixels of each earlier digit, bool, in image size.
        areas (list[int]): Number of pixels of each earlier digit, visible or not.
        size (tuple[int, int]): Height and width of the image.

    Returns:
        np.ndarray | None: The opacity in image size. None if no position was found.
    """
    room = np.subtract(size, ink.shape)
    if (room < 0).any():
        return None
    for _ in range(TRIES):
        top, left = rng.integers(0, room + 1)
        placed = np.zeros(size, np.float32)
        placed[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
        hidden = placed >= 0.5
        if all(
            (mask & ~hidden).sum() >= MIN_VISIBLE * area
            for mask, area in zip(masks, areas, strict=True)
        ):
            return placed
    return None


def draw_scene(rng: np.random.Generator, sources: np.ndarray) -> Scene:
    """Draws a scene with digits from ``sources``, indices into :func:`digit_images`."""
    digits, classes = digit_images()
    size = draw_size(rng)
    contrast, ground = rng.uniform(*CONTRASTS), rng.uniform(0, 255)
    image = np.tile(draw_colour(rng, ground).astype(np.float32), (*size, 1))
    texture = draw_texture(rng, *size) * rng.uniform(*TEXTURES) * contrast
    image += texture[..., None] * rng.uniform(0.6, 1.4, 3).astype(np.float32)

    count = 0 if rng.random() < EMPTY_FRACTION else rng.integers(1, MAX_DIGITS + 1)
    masks, areas, drawn = [], [], []
    for source in rng.choice(sources, count, replace=False):
        height = np.exp(rng.uniform(*np.log(HEIGHTS)))
        ink = draw_digit(
            digits[source], height, rng.uniform(*STRETCHES), rng.uniform(-ANGLE, ANGLE)
        )
        placed = place_digit(rng, ink, masks, areas, size)
        if placed is None:
            continue
        image = paint(image, draw_colour(rng, draw_luminance(rng, ground, contrast)), placed)
        mask = placed >= 0.5
        masks = [earlier & ~mask for earlier in masks] + [mask]
        areas.append(mask.sum())
        drawn.append(source)

    image += draw_shading(rng, *size)[..., None] * rng.uniform(0, 60)
    image += rng.normal(0, rng.uniform(0, 10), (*size, 1))
    return Scene(
        image=np.clip(image, 0, 255).astype(np.uint8),
        masks=np.array(masks, bool).reshape(-1, *size),
        labels=classes[drawn] if drawn else np.zeros(0, int),
        sources=np.array(drawn, int),
    )
