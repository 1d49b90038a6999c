"""Renders a word as an image, in the stages of MJSynth and SynthText.

MJSynth (Jaderberg et al., 2014, 'Synthetic Data and Artificial Neural Networks for Natural Scene
Text Recognition') draws a word in a random font, adds a border or a shadow, colours the layers,
distorts them, blends them with a background, and adds noise. SynthText (Gupta et al., 2016) places
words on textured surfaces. A :class:`Style` limits each stage. Everything else is random, and all
random numbers come from one generator.
"""

from typing import Optional, Sequence

import cv2
import numpy as np
from painting import draw_colour, draw_luminance, draw_shading, draw_texture, paint
from PIL import Image, ImageDraw
from word_fonts import load_font, matplotlib_fonts
from word_styles import Range, Style


def draw_glyphs(word: str, path: str, size: int, spacing: float) -> np.ndarray:
    """Returns the word as a mask (height, width), float32 in [0, 1], cropped to its ink."""
    font = load_font(path, size)
    starts = np.cumsum([0, *(font.getlength(character) + spacing for character in word)])
    canvas = Image.new('L', (int(starts[-1]) + 2 * size, 3 * size))
    draw = ImageDraw.Draw(canvas)
    for character, start in zip(word, starts):
        draw.text((size + start, 2 * size), character, fill=255, font=font, anchor='ls')
    mask = np.asarray(canvas)
    left, top, width, height = cv2.boundingRect(mask)
    return mask[top : top + height, left : left + width].astype(np.float32) / 255


def draw_quadrilateral(
    rng: np.random.Generator, width: float, height: float, size: float, style: Style
) -> np.ndarray:
    """Returns the corners (4, 2) of the distorted box of a word, clockwise."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    corners = corners - (width / 2, height / 2)
    corners[:, 0] -= signed(rng, style.shear) * corners[:, 1]
    corners += rng.uniform(-1, 1, (4, 2)) * rng.uniform(*style.perspective) * size
    angle = np.deg2rad(signed(rng, style.angle))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return corners @ turn.T


def signed(rng: np.random.Generator, magnitude: Range) -> float:
    """Returns a random number with a magnitude in the range and a random sign."""
    return rng.uniform(*magnitude) * rng.choice([-1, 1])


def place(rng: np.random.Generator, mask: np.ndarray, size: float, style: Style) -> np.ndarray:
    """Distorts the mask and places it on a canvas with margins."""
    height, width = mask.shape
    target = draw_quadrilateral(rng, width, height, size, style)
    before, after = rng.uniform(*style.margin, (2, 2)) * size
    target += before - target.min(axis=0)
    canvas = np.ceil(target.max(axis=0) + after).astype(int)
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    homography = cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
    return cv2.warpPerspective(mask, homography, tuple(canvas.tolist()), flags=cv2.INTER_LINEAR)


def draw_shadow(rng: np.random.Generator, mask: np.ndarray, size: float) -> np.ndarray:
    """Returns the mask, shifted, blurred and half transparent."""
    shift = np.column_stack([np.eye(2), rng.uniform(-0.12, 0.12, 2) * size])
    shadow = cv2.warpAffine(mask, shift, mask.shape[::-1])
    return cv2.GaussianBlur(shadow, (0, 0), 0.05 * size) * rng.uniform(0.3, 0.8)


def draw_border(rng: np.random.Generator, mask: np.ndarray, size: float) -> np.ndarray:
    """Returns the mask, dilated by a thin line on all sides."""
    thickness = max(1, round(rng.uniform(0.03, 0.06) * size))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * thickness + 1,) * 2)
    return cv2.dilate(mask, kernel)


def render_word(
    word: str, style: Style, rng: np.random.Generator, fonts: Optional[Sequence[str]] = None
) -> np.ndarray:
    """Renders a word of letters and digits.

    Args:
        word (str): The word.
        style (Style): Appearance of the image.
        rng (np.random.Generator): Source of all random numbers.
        fonts (Sequence[str], optional): Paths of the fonts to choose from. Default: Matplotlib's.

    Returns:
        np.ndarray: ``(height, width, 3)`` uint8, channels in OpenCV's order (BGR).
    """
    fonts = fonts or matplotlib_fonts()
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
    """Encodes the image as a JPEG file of random quality."""
    quality = round(rng.uniform(*style.quality))
    return cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
