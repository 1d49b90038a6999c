"""Draws random words: strings of letters and digits, or words of a lexicon.

Training and testing use disjoint words.
"""

import string
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np
from debian import package_files

ALPHABET = string.ascii_lowercase + string.digits
SHORTEST = 3
TEST_EVERY = 5  # one word in five is a test word
DEBIAN = 'debian'
LEXICON = 'wamerican-large'  # Debian's package of 160,000 English words


def is_test_word(word: str) -> bool:
    """Returns whether a word belongs to the test split.

    The checksum of the word decides, so that the splits are disjoint for any seed and size.
    """
    return zlib.crc32(word.encode()) % TEST_EVERY == 0


def find_lexicon(source: Optional[str]) -> Optional[Path]:
    """Returns the file of a lexicon.

    Args:
        source (str, optional): A text file with one word per line; ``'debian'`` for the file of
            the package :data:`LEXICON`; None for no lexicon.

    Raises:
        FileNotFoundError: If there is none, or if the package is missing and cannot be installed.
    """
    if source == DEBIAN:
        return next(path for path in package_files([LEXICON]) if path.parent.name == 'dict')
    if source is None:
        return None
    if not Path(source).is_file():
        raise FileNotFoundError(
            f"'{source}' is not a file; give a list of words with --lexicon, or '{DEBIAN}'"
        )
    return Path(source)


@lru_cache(maxsize=2)
def split_lexicon(lexicon: Path, longest: int) -> Dict[str, List[str]]:
    """Returns the sorted words of a lexicon for each split, ``'train'`` and ``'test'``.

    Words are in lower case. Words with other characters than letters and digits are left out, and
    so are words with fewer than ``SHORTEST`` or more than ``longest`` characters.

    Raises:
        OSError: If a split has no words.
    """
    words = sorted(
        word
        for word in set(lexicon.read_text('utf-8', 'replace').lower().split())
        if SHORTEST <= len(word) <= longest and set(word) <= set(ALPHABET)
    )
    splits = {
        split: [word for word in words if is_test_word(word) == (split == 'test')]
        for split in ('train', 'test')
    }
    if not all(splits.values()):
        raise OSError(
            f"'{lexicon}' has too few words of {SHORTEST} to {longest} letters; give a longer list"
        )
    return splits


def draw_word(
    rng: np.random.Generator, split: str, longest: int, lexicon: Optional[Path] = None
) -> str:
    """Draws a word of at most ``longest`` characters for a split, ``'train'`` or ``'test'``.

    Words are in lower case, as in the recognisers' dictionary. One shape per character also lets a
    small model learn from few images. Without a lexicon, the characters are independent.
    """
    if lexicon:
        words = split_lexicon(lexicon, longest)[split]
        return words[rng.integers(len(words))]
    while True:
        length = rng.integers(SHORTEST, longest + 1)
        word = ''.join(rng.choice(list(ALPHABET), length))
        if is_test_word(word) == (split == 'test'):
            return word
