"""The fonts of words: those that Matplotlib carries, so that nothing is downloaded."""

import unicodedata
from functools import lru_cache
from pathlib import Path

import matplotlib
from matplotlib.ft2font import FT2Font
from PIL import ImageFont
from word_texts import ALPHABET


def glyph_name(character: str) -> str:
    """The PostScript name of a letter ('a') or digit ('zero')."""
    return character if character.isalpha() else unicodedata.name(character).split()[-1].lower()


def has_every_character(path: str) -> bool:
    """Whether a font shows each letter and digit as itself.

    Mathematical fonts keep brackets and integrals in the letters' places, and a font of last
    resort the same box in all of them; the names of the glyphs tell.
    """
    font = FT2Font(path)
    glyphs = font.get_charmap()
    return all(
        ord(character) in glyphs
        and font.get_glyph_name(glyphs[ord(character)]) == glyph_name(character)
        for character in ALPHABET
    )


@lru_cache(maxsize=1)
def word_fonts() -> tuple[str, ...]:
    """Paths of all usable fonts, ordered by name."""
    folder = Path(matplotlib.get_data_path()) / 'fonts' / 'ttf'
    return tuple(str(path) for path in sorted(folder.glob('*.ttf')) if has_every_character(path))


@lru_cache(maxsize=2048)
def load_font(path: str, size: int) -> ImageFont.FreeTypeFont:
    """A font at a size in pixels, opened once in each process."""
    return ImageFont.truetype(path, size)
