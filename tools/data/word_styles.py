"""The styles of word images: how far each stage of rendering goes."""

from dataclasses import dataclass
from typing import Tuple

Range = Tuple[float, float]


@dataclass(frozen=True)
class Style:
    """The appearance of the words of a set.

    Pairs are ranges of random values. Lengths are relative to the text height, and brightness is
    from 0 to 255.

    Args:
        height (Range): Font size in pixels.
        contrast (Range): Difference in luminance between text and background.
        spacing (Range): Extra space between characters.
        margin (Range): Space around the word, on each side.
        angle (Range): Rotation in degrees, in either direction.
        shear (Range): Slant, in either direction.
        perspective (Range): Shift of each corner, in any direction.
        texture (Range): Strength of the background texture, relative to the contrast.
        shading (Range): Change of brightness across the image.
        border (float): Probability of an outline in a third colour.
        shadow (float): Probability of a soft shadow.
        blur (Range): Standard deviation of the Gaussian blur.
        noise (Range): Standard deviation of the pixel noise.
        quality (Range): JPEG quality.
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
