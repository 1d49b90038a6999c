"""The fonts for words. Matplotlib ships them, so nothing is downloaded."""

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Tuple

import matplotlib
from matplotlib.ft2font import FT2Font
from PIL import ImageFont
from word_texts import ALPHABET


def glyph_name(character: str) -> str:
    """Returns the PostScript name of a letter ('a') or a digit ('zero')."""
    return character if character.isalpha() else unicodedata.name(character).split()[-1].lower()


def has_every_character(path: str) -> bool:
    """Returns whether a font has the right glyph for each letter and digit.

    Mathematical fonts have symbols at the code points of letters, and fallback fonts have the same
    box for all characters. The glyph names reveal both.
    """
    font = FT2Font(path)
    glyphs = font.get_charmap()
    return all(
        ord(character) in glyphs
        and font.get_glyph_name(glyphs[ord(character)]) == glyph_name(character)
        for character in ALPHABET
    )


@lru_cache(maxsize=1)
def word_fonts() -> Tuple[str, ...]:
    """Returns the paths of all usable fonts, sorted by name."""
    folder = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf'
    paths = [str(path) for path in sorted(folder.glob('*.ttf'))]
    return tuple(path for path in paths if has_every_character(path))


@lru_cache(maxsize=2048)
def load_font(path: str, size: int) -> ImageFont.FreeTypeFont:
    """Loads a font at a size in pixels, once per process."""
    return ImageFont.truetype(path, size)
