"""Draws random words of letters and digits, with disjoint words for training and testing."""

import string
import zlib

import numpy as np

ALPHABET = string.ascii_lowercase + string.digits
SHORTEST = 3
TEST_EVERY = 5  # one word in five is a test word


def is_test_word(word: str) -> bool:
    """Returns whether a word belongs to the test split.

    The checksum of the word decides, so that the splits are disjoint for any seed and size.
    """
    return zlib.crc32(word.encode()) % TEST_EVERY == 0


def draw_word(rng: np.random.Generator, split: str, longest: int) -> str:
    """Draws a word of at most ``longest`` characters for a split, ``'train'`` or ``'test'``.

    Words are in lower case, as in the recognisers' dictionary. One shape per character also lets a
    small model learn from few images.
    """
    while True:
        length = rng.integers(SHORTEST, longest + 1)
        word = ''.join(rng.choice(list(ALPHABET), length))
        if is_test_word(word) == (split == 'test'):
            return word
