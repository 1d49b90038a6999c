"""Draws backgrounds and colours: random colours, textures, shading and layers."""

import cv2
import numpy as np

LUMINANCE = np.array([0.114, 0.587, 0.299])  # of blue, green, red


def draw_colour(rng: np.random.Generator, luminance: float) -> np.ndarray:
    """Returns a random colour (blue, green, red) of the given luminance."""
    chroma = rng.normal(0, 45, 3)
    return np.clip(luminance + chroma - chroma @ LUMINANCE, 0, 255)


def draw_luminance(rng: np.random.Generator, other: float, contrast: float) -> float:
    """Returns a luminance that differs from ``other`` by ``contrast``, if possible in [0, 255]."""
    sides = [side for side in (other - contrast, other + contrast) if 0 <= side <= 255]
    return rng.choice(sides) if sides else (0.0 if other > 127 else 255.0)


def clouds(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Returns smooth noise of several scales."""
    total = np.zeros((height, width), np.float32)
    for cells in (2, 4, 8, 16):
        coarse = rng.normal(size=(cells, 2 * cells)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) / cells**0.5
    return total


def stripes(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Returns straight bands with sharp or soft edges, like planks, fences and tiles."""
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.2, 1.0) * height
    y, x = np.mgrid[:height, :width]
    phase = (x * np.cos(angle) + y * np.sin(angle)) / period + rng.uniform()
    return np.tanh(rng.uniform(1, 8) * np.sin(2 * np.pi * phase)).astype(np.float32)


def patches(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Returns overlapping polygons, like objects in the background."""
    canvas = np.zeros((height, width), np.float32)
    for _ in range(rng.integers(2, 7)):
        centre = rng.uniform((0, 0), (width, height))
        corners = centre + rng.normal(0, 0.6 * height, (rng.integers(3, 6), 2))
        cv2.fillPoly(canvas, [corners.astype(np.int32)], rng.normal(), lineType=cv2.LINE_AA)
    return canvas


def draw_texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Returns a random texture (height, width), float32, with mean 0 and standard deviation 1."""
    kind = (clouds, stripes, patches)[rng.integers(3)]
    texture = kind(rng, height, width)
    return (texture - texture.mean()) / max(texture.std(), 1e-3)


def draw_shading(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Returns a plane (height, width) from -0.5 to 0.5 in a random direction, like side light."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    return (x * np.cos(angle) + y * np.sin(angle)).astype(np.float32)


def paint(image: np.ndarray, colour: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Paints a colour over an image (height, width, 3) with the mask (height, width) as opacity."""
    return image + mask[..., None] * (colour.astype(np.float32) - image)
