"""Renders a word as an image, in the stages of MJSynth and SynthText.

MJSynth (Jaderberg et al., 2014, 'Synthetic Data and Artificial Neural Networks for Natural Scene
Text Recognition') draws a word in a random font, gives it a border or shadow, colours the layers,
distorts them, blends them with a background, and adds noise. SynthText (Gupta et al., 2016) puts
words on textured surfaces. A :class:`Style` says how far each stage goes; everything else is
chance, and all chance comes from one generator.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw
from word_fonts import load_font, word_fonts

LUMINANCE = np.array([0.114, 0.587, 0.299])  # of blue, green, red

Range = tuple[float, float]


@dataclass(frozen=True)
class Style:
    """How words of a set look. Pairs are ranges to draw from; lengths are in heights of the text.

    Args:
        height: Size of the font in pixels.
        contrast: Difference in luminance between text and background, of 255.
        spacing: Extra room between characters.
        margin: Room around the word, on each side.
        angle: Rotation in degrees, either way.
        shear: Slant of the uprights, either way.
        perspective: Shift of each corner, any way.
        texture: Strength of the background's texture, in parts of the contrast.
        shading: Change of brightness across the image, of 255.
        border: Probability of an outline in a third colour.
        shadow: Probability of a soft shadow.
        blur: Standard deviation of the Gaussian blur.
        noise: Standard deviation of the noise of the pixels, of 255.
        quality: JPEG quality.
    """

    height: Range
    contrast: Range
    spacing: Range
    margin: Range
    angle: Range
    shear: Range
    perspective: Range
    texture: Range
    shading: Range
    border: float
    shadow: float
    blur: Range
    noise: Range
    quality: Range


PRINTED = Style(
    height=(20, 44),
    contrast=(90, 240),
    spacing=(0.02, 0.12),
    margin=(0.05, 0.2),
    angle=(0, 2),
    shear=(0, 0.1),
    perspective=(0, 0.04),
    texture=(0, 0),
    shading=(0, 30),
    border=0.15,
    shadow=0.15,
    blur=(0, 0.03),
    noise=(0, 8),
    quality=(60, 95),
)

SCENE = Style(
    height=(20, 40),
    contrast=(110, 230),
    spacing=(0.02, 0.15),
    margin=(0.05, 0.2),
    angle=(0, 4),
    shear=(0, 0.15),
    perspective=(0, 0.06),
    texture=(0.05, 0.2),
    shading=(0, 60),
    border=0.2,
    shadow=0.2,
    blur=(0, 0.03),
    noise=(0, 12),
    quality=(50, 90),
)


def draw_colour(rng: np.random.Generator, luminance: float) -> np.ndarray:
    """A random colour (blue, green, red) of the given luminance."""
    chroma = rng.normal(0, 45, 3)
    return np.clip(luminance + chroma - chroma @ LUMINANCE, 0, 255)


def draw_luminance(rng: np.random.Generator, other: float, contrast: float) -> float:
    """A luminance that differs from ``other`` by ``contrast``, to the side where there is room."""
    sides = [side for side in (other - contrast, other + contrast) if 0 <= side <= 255]
    return rng.choice(sides) if sides else (0.0 if other > 127 else 255.0)


def draw_glyphs(word: str, path: str, size: int, spacing: float) -> np.ndarray:
    """The word as a mask (height, width), float32 in [0, 1], cut to its ink."""
    font = load_font(path, size)
    starts = np.cumsum([0, *(font.getlength(character) + spacing for character in word)])
    canvas = Image.new('L', (int(starts[-1]) + 2 * size, 3 * size))
    draw = ImageDraw.Draw(canvas)
    for character, start in zip(word, starts, strict=False):
        draw.text((size + start, 2 * size), character, fill=255, font=font, anchor='ls')
    mask = np.asarray(canvas)
    left, top, width, height = cv2.boundingRect(mask)
    return mask[top : top + height, left : left + width].astype(np.float32) / 255


def draw_quadrilateral(
    rng: np.random.Generator, width: float, height: float, size: float, style: Style
) -> np.ndarray:
    """The corners (4, 2) of a box of ink after slant, perspective and rotation, clockwise."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    corners = corners - (width / 2, height / 2)
    corners[:, 0] -= signed(rng, style.shear) * corners[:, 1]
    corners += rng.uniform(-1, 1, (4, 2)) * rng.uniform(*style.perspective) * size
    angle = np.deg2rad(signed(rng, style.angle))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return corners @ turn.T


def signed(rng: np.random.Generator, magnitude: Range) -> float:
    """A number whose magnitude lies in the range, of either sign."""
    return rng.uniform(*magnitude) * rng.choice([-1, 1])


def place(rng: np.random.Generator, mask: np.ndarray, size: float, style: Style) -> np.ndarray:
    """Distorts the mask and puts it on a canvas with margins."""
    height, width = mask.shape
    target = draw_quadrilateral(rng, width, height, size, style)
    before, after = rng.uniform(*style.margin, (2, 2)) * size
    target += before - target.min(axis=0)
    canvas = np.ceil(target.max(axis=0) + after).astype(int)
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    homography = cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
    return cv2.warpPerspective(mask, homography, tuple(canvas.tolist()), flags=cv2.INTER_LINEAR)


def clouds(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Smooth noise of several scales."""
    total = np.zeros((height, width), np.float32)
    for cells in (2, 4, 8, 16):
        coarse = rng.normal(size=(cells, 2 * cells)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) / cells**0.5
    return total


def stripes(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Straight bands with more or less sharp edges, as of planks, fences and tiles."""
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.2, 1.0) * height
    y, x = np.mgrid[:height, :width]
    phase = (x * np.cos(angle) + y * np.sin(angle)) / period + rng.uniform()
    return np.tanh(rng.uniform(1, 8) * np.sin(2 * np.pi * phase)).astype(np.float32)


def patches(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Overlapping polygons, as of things behind the word."""
    canvas = np.zeros((height, width), np.float32)
    for _ in range(rng.integers(2, 7)):
        centre = rng.uniform((0, 0), (width, height))
        corners = centre + rng.normal(0, 0.6 * height, (rng.integers(3, 6), 2))
        cv2.fillPoly(canvas, [corners.astype(np.int32)], rng.normal(), lineType=cv2.LINE_AA)
    return canvas


def draw_texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A random texture (height, width), float32 of zero mean and unit deviation."""
    kind = (clouds, stripes, patches)[rng.integers(3)]
    texture = kind(rng, height, width)
    return (texture - texture.mean()) / max(texture.std(), 1e-3)


def draw_shading(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Light from a random side: a plane (height, width) from -0.5 to 0.5 along its slope."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    return (x * np.cos(angle) + y * np.sin(angle)).astype(np.float32)


def paint(image: np.ndarray, colour: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Lays a colour over an image (height, width, 3), as opaque as the mask (height, width)."""
    return image + mask[..., None] * (colour.astype(np.float32) - image)


def draw_shadow(rng: np.random.Generator, mask: np.ndarray, size: float) -> np.ndarray:
    """The mask, shifted, softened and half transparent."""
    shift = np.column_stack([np.eye(2), rng.uniform(-0.12, 0.12, 2) * size])
    shadow = cv2.warpAffine(mask, shift, mask.shape[::-1])
    return cv2.GaussianBlur(shadow, (0, 0), 0.05 * size) * rng.uniform(0.3, 0.8)


def draw_border(rng: np.random.Generator, mask: np.ndarray, size: float) -> np.ndarray:
    """The mask, grown by a thin line on all sides."""
    thickness = max(1, round(rng.uniform(0.03, 0.06) * size))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * thickness + 1,) * 2)
    return cv2.dilate(mask, kernel)


def render_word(word: str, style: Style, rng: np.random.Generator) -> np.ndarray:
    """Renders a word of letters and digits.

    Returns:
        np.ndarray: Image (height, width, 3), uint8, channels in OpenCV's order.
    """
    fonts = word_fonts()
    size = round(rng.uniform(*style.height))
    spacing = rng.uniform(*style.spacing) * size
    mask = draw_glyphs(word, fonts[rng.integers(len(fonts))], size, spacing)
    mask = place(rng, mask, size, style)
    height, width = mask.shape

    contrast = rng.uniform(*style.contrast)
    ground = rng.uniform(0, 255)
    ink = draw_luminance(rng, ground, contrast)
    image = np.tile(draw_colour(rng, ground).astype(np.float32), (height, width, 1))
    if style.texture[1]:
        texture = draw_texture(rng, height, width) * rng.uniform(*style.texture) * contrast
        image += texture[..., None] * rng.uniform(0.6, 1.4, 3).astype(np.float32)
    if rng.random() < style.shadow:
        image = paint(image, draw_colour(rng, rng.uniform(0, 255)), draw_shadow(rng, mask, size))
    if rng.random() < style.border:
        colour = draw_colour(rng, draw_luminance(rng, ink, contrast))
        image = paint(image, colour, draw_border(rng, mask, size))
    image = paint(image, draw_colour(rng, ink), mask)

    image += draw_shading(rng, height, width)[..., None] * rng.uniform(*style.shading)
    blur = rng.uniform(*style.blur) * size
    if blur > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    image += rng.normal(0, rng.uniform(*style.noise), (height, width, 1))
    return np.clip(image, 0, 255).astype(np.uint8)


def encode_word(image: np.ndarray, style: Style, rng: np.random.Generator) -> bytes:
    """The image as the bytes of a JPEG file of random quality."""
    quality = round(rng.uniform(*style.quality))
    return cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
