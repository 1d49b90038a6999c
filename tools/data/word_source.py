"""What the images of words are made from: a seed, a lexicon, and fonts."""

from pathlib import Path
from typing import NamedTuple, Optional, Tuple

from _common import fingerprint
from word_fonts import find_fonts
from word_texts import find_lexicon, split_lexicon


class WordSource(NamedTuple):
    """What the images of words are made from.

    Args:
        seed (int): Random seed, at least 0.
        longest (int): Largest number of characters of a word.
        lexicon (Path, optional): File of words. None for random letters and digits.
        fonts (tuple[str, ...]): Paths of the fonts.
    """

    seed: int
    longest: int
    lexicon: Optional[Path]
    fonts: Tuple[str, ...]

    def to_json(self) -> dict:
        """Returns what determines the images, in JSON types: with a digest of all files."""
        files = [*map(Path, self.fonts), *filter(None, [self.lexicon])]
        return {'seed': self.seed, 'longest': self.longest, 'files': fingerprint(files)}


def find_words(seed: int, longest: int, lexicon: Optional[str], fonts: Optional[str]) -> WordSource:
    """Finds the files of a source, and checks them before the first image.

    Args:
        seed (int): See :class:`WordSource`.
        longest (int): See :class:`WordSource`.
        lexicon (str, optional): See :func:`word_texts.find_lexicon`.
        fonts (str, optional): See :func:`word_fonts.find_fonts`.

    Raises:
        OSError: If the lexicon or the fonts are missing or not usable.
    """
    source = WordSource(seed, longest, find_lexicon(lexicon), find_fonts(fonts))
    if source.lexicon:
        split_lexicon(source.lexicon, longest)
    return source
