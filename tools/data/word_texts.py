"""Random words of letters and digits, each of which belongs to training or to testing for good."""

import string
import zlib

import numpy as np

ALPHABET = string.ascii_lowercase + string.digits
SHORTEST = 3
TEST_SHARE = 5  # one word in five


def is_test_word(word: str) -> bool:
    """Whether a word is held out.

    Its checksum decides, so training and test words stay apart for any seed and size of the sets.
    """
    return zlib.crc32(word.encode()) % TEST_SHARE == 0


def draw_word(rng: np.random.Generator, split: str, longest: int) -> str:
    """Draws a word of at most ``longest`` characters for ``split`` ('train' or 'test').

    It is in lower case: the recognisers' dictionary has no other, and one shape for each character
    instead of two lets a small model learn from few images.
    """
    while True:
        length = rng.integers(SHORTEST, longest + 1)
        word = ''.join(rng.choice(list(ALPHABET), length))
        if is_test_word(word) == (split == 'test'):
            return word
