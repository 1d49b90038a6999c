"""The fonts for words: those of Matplotlib, of a folder, or of Debian packages."""

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Iterable, Optional, Tuple

import matplotlib
from debian import package_files
from matplotlib.ft2font import FT2Font
from PIL import ImageFont
from word_texts import ALPHABET, DEBIAN

# Book, sans-serif, monospaced and slab fonts, handwriting, and a few for display: 30 MB.
FAMILIES = """
    adf-accanthis adf-baskervald adf-berenis adf-gillius adf-ikarius adf-irianis adf-libris
    adf-mekanus adf-oldania adf-romande adf-switzera adf-tribun adf-universalis adf-verana
    anonymous-pro arapey beteckna breip cabin cabinsketch cantarell comfortaa courier-prime
    crosextra-caladea dancingscript dejavu-extra dustin ebgaramond ecolier-court freefont-ttf
    georgewilliams gfs-didot hack humor-sans inconsolata isabella junction jura karla kristi
    league-spartan liberation lobster lobstertwo mononoki open-sans opendyslexic paratype play
    prociono quicksand radisnoir roboto-slab rufscript sil-gentium sjfonts staypuft tomsontalks
    urw-base35 vollkorn yanone-kaffeesatz
"""
PACKAGES = [f'fonts-{name}' for name in FAMILIES.split()]
FORMATS = ('.otf', '.ttf')


def glyph_name(character: str) -> str:
    """Returns the PostScript name of a letter ('a') or a digit ('zero')."""
    return character if character.isalpha() else unicodedata.name(character).split()[-1].lower()


def has_every_character(path: Path) -> bool:
    """Returns whether a file is a font with the right glyph for each letter and digit.

    Mathematical fonts have symbols at the code points of letters, and fallback fonts have the same
    box for all characters. The glyph names reveal both. A font without glyph names is not used.
    """
    try:
        font = FT2Font(str(path))
    except RuntimeError:  # not a font
        return False
    glyphs = font.get_charmap()
    return all(
        ord(character) in glyphs
        and font.get_glyph_name(glyphs[ord(character)]) == glyph_name(character)
        for character in ALPHABET
    )


def usable_fonts(files: Iterable[Path]) -> Tuple[str, ...]:
    """Returns the paths of all usable fonts, sorted by file name."""
    fonts = sorted(
        (path for path in files if path.suffix.lower() in FORMATS),
        key=lambda path: (path.name, path),
    )
    return tuple(str(path) for path in fonts if has_every_character(path))


@lru_cache(maxsize=1)
def matplotlib_fonts() -> Tuple[str, ...]:
    """Returns the paths of the usable fonts that Matplotlib ships."""
    return usable_fonts((Path(matplotlib.get_data_path()) / 'fonts' / 'ttf').iterdir())


def find_fonts(source: Optional[str]) -> Tuple[str, ...]:
    """Returns the paths of all usable fonts.

    Args:
        source (str, optional): A folder, which is searched with its subfolders; ``'debian'`` for
            the fonts of :data:`PACKAGES`; None for Matplotlib's.

    Raises:
        FileNotFoundError: If there are none, or if a package is missing and cannot be installed.
    """
    if source is None:
        return matplotlib_fonts()
    fonts = usable_fonts(package_files(PACKAGES) if source == DEBIAN else Path(source).rglob('*'))
    if not fonts:
        raise FileNotFoundError(
            f"'{source}' contains no font with all letters and digits; give a folder of "
            f"TrueType or OpenType fonts with --fonts, or '{DEBIAN}'"
        )
    return fonts


@lru_cache(maxsize=2048)
def load_font(path: str, size: int) -> ImageFont.FreeTypeFont:
    """Loads a font at a size in pixels, once per process."""
    return ImageFont.truetype(path, size)
