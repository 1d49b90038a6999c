"""Composes scenes of objects: random positions and sizes, textured backgrounds, light and noise."""

from dataclasses import dataclass
from typing import Callable, List, NamedTuple, Optional, Tuple

import numpy as np
from painting import draw_colour, draw_shading, draw_texture, paint

LONG_SIDE = 128
SHORT_SIDES = (80, 96)
EMPTY_FRACTION = 0.08  # images without an object
MAX_OBJECTS = 6
CONTRASTS = (70, 200)  # difference in luminance between an object and its background
TEXTURES = (0.1, 0.4)  # standard deviation of the background, relative to the contrast
MIN_VISIBLE = 0.85  # fraction of an object that must stay visible
TRIES = 20  # positions to try for each object


class Sprite(NamedTuple):
    """An object to place in a scene.

    Attributes:
        opacity (np.ndarray): ``(h, w)`` float32 in [0, 1].
        colour (Callable): Called as ``colour(rng, ground, contrast)`` with the luminance of the
            background and the contrast to it, once the object has its place. Returns its colour
            ``(3,)``, or ``(h, w, 3)``, channels in OpenCV's order (BGR).
    """

    opacity: np.ndarray
    colour: Callable


@dataclass(frozen=True)
class Scene:
    """An image with its annotations, for D objects.

    Args:
        image (np.ndarray): ``(height, width, 3)`` uint8, channels in OpenCV's order (BGR).
        masks (np.ndarray): ``(D, height, width)`` bool, the visible pixels of each object.
        sources (np.ndarray): ``(D,)``, the index of the source image of each object.
    """

    image: np.ndarray
    masks: np.ndarray
    sources: np.ndarray


def draw_size(rng: np.random.Generator) -> Tuple[int, int]:
    """Returns a random height and width, portrait or landscape with equal probability."""
    short = int(rng.integers(SHORT_SIDES[0], SHORT_SIDES[1] + 1))
    return (LONG_SIDE, short) if rng.random() < 0.5 else (short, LONG_SIDE)


def find_window(
    rng: np.random.Generator,
    opacity: np.ndarray,
    masks: List[np.ndarray],
    areas: List[int],
    size: Tuple[int, int],
) -> Optional[Tuple[slice, slice]]:
    """Finds a random position that leaves enough of the earlier objects visible.

    Args:
        rng (np.random.Generator): Source of randomness.
        opacity (np.ndarray): Opacity of the object, in [0, 1].
        masks (list[np.ndarray]): Visible pixels of each earlier object, bool, in image size.
        areas (list[int]): Number of pixels of each earlier object, visible or not.
        size (tuple[int, int]): Height and width of the image.

    Returns:
        tuple[slice, slice] | None: Rows and columns of the image. None if no position was found.
    """
    room = np.subtract(size, opacity.shape)
    if (room < 0).any():
        return None
    hidden = opacity >= 0.5
    for _ in range(TRIES):
        top, left = rng.integers(0, room + 1)
        window = slice(top, top + opacity.shape[0]), slice(left, left + opacity.shape[1])
        if all(
            mask.sum() - (mask[window] & hidden).sum() >= MIN_VISIBLE * area
            for mask, area in zip(masks, areas)
        ):
            return window
    return None


def compose_scene(
    rng: np.random.Generator, sources: np.ndarray, draw_sprite: Callable[..., Sprite]
) -> Scene:
    """Draws a scene.

    Args:
        rng (np.random.Generator): Source of randomness.
        sources (np.ndarray): The source images to choose from.
        draw_sprite (Callable): Called as ``draw_sprite(rng, source)``.
    """
    size = draw_size(rng)
    contrast, ground = rng.uniform(*CONTRASTS), rng.uniform(0, 255)
    image = np.tile(draw_colour(rng, ground).astype(np.float32), (*size, 1))
    texture = draw_texture(rng, *size) * rng.uniform(*TEXTURES) * contrast
    image += texture[..., None] * rng.uniform(0.6, 1.4, 3).astype(np.float32)

    count = 0 if rng.random() < EMPTY_FRACTION else rng.integers(1, MAX_OBJECTS + 1)
    masks, areas, drawn = [], [], []
    for source in rng.choice(sources, count, replace=False):
        opacity, colour = draw_sprite(rng, source)
        window = find_window(rng, opacity, masks, areas, size)
        if window is None:
            continue
        image[window] = paint(image[window], colour(rng, ground, contrast), opacity)
        mask = np.zeros(size, bool)
        mask[window] = opacity >= 0.5
        masks = [earlier & ~mask for earlier in masks] + [mask]
        areas.append(mask.sum())
        drawn.append(source)

    image += draw_shading(rng, *size)[..., None] * rng.uniform(0, 60)
    image += rng.normal(0, rng.uniform(0, 10), (*size, 1))
    return Scene(
        image=np.clip(image, 0, 255).astype(np.uint8),
        masks=np.array(masks, bool).reshape(-1, *size),
        sources=np.array(drawn, int),
    )
