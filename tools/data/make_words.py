"""Makes a text recognition data set of rendered words. Nothing is downloaded by default.

    python tools/data/make_words.py --out data/words --train 10000 --test 4000 --seed 0

Words are random letters and digits in Matplotlib's fonts. To make English words in hundreds of
fonts, as in MJSynth, use Debian's packages, which this tool installs if it may:

    python tools/data/make_words.py --out data/english_words --lexicon debian --fonts debian

Both options also accept files of your own: a text file with one word per line, and a folder.

Two sets replace the two usual training sets of text recognisers: 'printed' (words on plain
backgrounds) replaces MJSynth, and 'scene' (distorted words on textures) replaces SynthText. Each
contains half of the images. Training and test images contain different words. The annotations have
the format of MMOCR's OCRDataset:

    data/words/printed/textrecog_train.json, textrecog_test.json
    data/words/printed/textrecog_imgs/train/00000.jpg, ...
    data/words/scene/...

Each image depends only on the seed, its index, the lexicon and the fonts, not on the number of
processes or images.
"""

import argparse
import json
import os
from functools import partial
from itertools import product
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

import numpy as np
from _common import make_once, make_parser, parallel_map, plain_errors, whole_number
from word_images import encode_word, render_word
from word_source import WordSource, find_words
from word_styles import PRINTED, SCENE
from word_texts import LEXICON, SHORTEST, draw_word

STYLES = {'printed': PRINTED, 'scene': SCENE}
SPLITS = ('train', 'test')


class Job(NamedTuple):
    """One image to make: its set, its split, and its index there."""

    style: str
    split: str
    index: int

    @property
    def image(self) -> str:
        """Path of the image, relative to the folder of its set."""
        return f'textrecog_imgs/{self.split}/{self.index:05d}.jpg'


def list_jobs(counts: Dict[str, int]) -> List[Job]:
    """Lists all images of all sets. If a number is odd, the first set gets one more."""
    jobs = []
    for split, (place, style) in product(SPLITS, enumerate(STYLES)):
        count = (counts[split] + len(STYLES) - 1 - place) // len(STYLES)
        jobs += [Job(style, split, index) for index in range(count)]
    return jobs


def make_image(job: Job, folder: Path, source: WordSource) -> str:
    """Makes one image and returns its word."""
    place = (list(STYLES).index(job.style), SPLITS.index(job.split), job.index)
    rng = np.random.default_rng([source.seed, *place])
    style = STYLES[job.style]
    word = draw_word(rng, job.split, source.longest, source.lexicon)
    image = render_word(word, style, rng, source.fonts)
    (folder / job.style / job.image).write_bytes(encode_word(image, style, rng))
    return word


def annotate(words: Dict[Job, str]) -> dict:
    """Returns the annotations of one set and split in the format of OCRDataset."""
    return {
        'metainfo': {'dataset_type': 'TextRecogDataset', 'task_name': 'textrecog'},
        'data_list': [
            {'img_path': job.image, 'instances': [{'text': word}]} for job, word in words.items()
        ],
    }


def write_sets(folder: Path, counts: Dict[str, int], source: WordSource, processes: int) -> None:
    """Writes all images and annotations into an empty folder."""
    for style, split in product(STYLES, SPLITS):
        (folder / style / 'textrecog_imgs' / split).mkdir(parents=True)
    jobs = list_jobs(counts)
    make = partial(make_image, folder=folder, source=source)
    words = dict(zip(jobs, parallel_map(make, jobs, processes, 'words')))
    for style, split in product(STYLES, SPLITS):
        own = {job: word for job, word in words.items() if (job.style, job.split) == (style, split)}
        (folder / style / f'textrecog_{split}.json').write_text(json.dumps(annotate(own)))


def make_words(
    out: Path,
    train: int,
    test: int,
    seed: int,
    longest: int,
    processes: int,
    lexicon: Optional[str] = None,
    fonts: Optional[str] = None,
) -> bool:
    """Makes the sets in the folder ``out``, unless they already exist.

    Args:
        out (Path): Folder of the sets.
        train (int): Number of training images of both sets together.
        test (int): Number of test images of both sets together.
        seed (int): Random seed, at least 0.
        longest (int): Largest number of characters of a word.
        processes (int): Number of processes.
        lexicon (str, optional): See :func:`word_texts.find_lexicon`.
        fonts (str, optional): See :func:`word_fonts.find_fonts`.

    Returns:
        bool: Whether the sets were made.

    Raises:
        OSError: If the lexicon or the fonts are missing or not usable.
    """
    counts = {'train': train, 'test': test}
    source = find_words(seed, longest, lexicon, fonts)
    write = partial(write_sets, counts=counts, source=source, processes=processes)
    return make_once(out, {**counts, **source.to_json()}, write)


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """Parses the command line."""
    parser = make_parser(__doc__)
    count = whole_number(len(STYLES))
    parser.add_argument('--out', type=Path, default='data/words', help='folder of the sets')
    parser.add_argument(
        '--train', type=count, default=10000, help='training images of both sets together'
    )
    parser.add_argument(
        '--test', type=count, default=4000, help='test images of both sets together'
    )
    parser.add_argument('--seed', type=whole_number(0), default=0, help='random seed')
    parser.add_argument(
        '--longest', type=whole_number(SHORTEST), default=8, help='maximum characters of a word'
    )
    parser.add_argument(
        '--lexicon',
        help=f"text file with one word per line, or 'debian' for the package {LEXICON}; without "
        'it, words are random letters and digits',
    )
    parser.add_argument(
        '--fonts', help="folder of fonts, or 'debian' for packages; without it, Matplotlib's fonts"
    )
    parser.add_argument(
        '--processes', type=whole_number(1), default=os.cpu_count(), help='number of processes'
    )
    return parser.parse_args(argv)


def main(argv: Optional[List[str]] = None) -> None:
    """Runs the command line tool."""
    args = parse_args(argv)
    with plain_errors('make_words'):
        made = make_words(**vars(args))
    done = 'made' if made else 'already contains'
    print(f'{args.out}: {done} {args.train} training and {args.test} test images')


if __name__ == '__main__':
    main()
