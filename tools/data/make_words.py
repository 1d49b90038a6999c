"""Makes a text recognition data set of rendered words, so that a training needs no download.

    python tools/data/make_words.py --out data/words --train 10000 --test 4000 --seed 0

Two sets stand in for the two that text recognisers are usually trained on: 'printed' (words on
plain grounds) for MJSynth, 'scene' (distorted words on textures) for SynthText. Half of the images
belong to each. No word of the test images occurs in a training image. The annotations are in the
format of MMOCR's OCRDataset:

    data/words/printed/textrecog_train.json, textrecog_test.json
    data/words/printed/textrecog_imgs/train/00000.jpg, ...
    data/words/scene/...

An image depends on nothing but the seed and its own place: neither the number of processes nor
that of the images changes it.
"""

import argparse
import json
import os
from functools import partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _common import make_once, parallel_map, plain_errors, whole_number
from word_images import PRINTED, SCENE, encode_word, render_word
from word_texts import SHORTEST, draw_word

STYLES = {'printed': PRINTED, 'scene': SCENE}
SPLITS = ('train', 'test')


class Job(NamedTuple):
    """One image to make: the set and split it belongs to, and its number there."""

    style: str
    split: str
    index: int

    @property
    def image(self) -> str:
        """Where the image lies in the folder of its set."""
        return f'textrecog_imgs/{self.split}/{self.index:05d}.jpg'


def list_jobs(counts: dict[str, int]) -> list[Job]:
    """All images of all sets; of an odd number the first set gets one more."""
    jobs = []
    for split, (place, style) in product(SPLITS, enumerate(STYLES)):
        share = (counts[split] + len(STYLES) - 1 - place) // len(STYLES)
        jobs += [Job(style, split, index) for index in range(share)]
    return jobs


def make_image(job: Job, folder: Path, seed: int, longest: int) -> str:
    """Makes one image and returns the word in it."""
    place = (list(STYLES).index(job.style), SPLITS.index(job.split), job.index)
    rng = np.random.default_rng([seed, *place])
    style = STYLES[job.style]
    word = draw_word(rng, job.split, longest)
    image = render_word(word, style, rng)
    (folder / job.style / job.image).write_bytes(encode_word(image, style, rng))
    return word


def annotate(words: dict[Job, str]) -> dict:
    """The annotations of the images of one set and split, as OCRDataset reads them."""
    return {
        'metainfo': {'dataset_type': 'TextRecogDataset', 'task_name': 'textrecog'},
        'data_list': [
            {'img_path': job.image, 'instances': [{'text': word}]} for job, word in words.items()
        ],
    }


def write_sets(
    folder: Path, counts: dict[str, int], seed: int, longest: int, processes: int
) -> None:
    """Writes all images and annotations into an empty folder."""
    for style, split in product(STYLES, SPLITS):
        (folder / style / 'textrecog_imgs' / split).mkdir(parents=True)
    jobs = list_jobs(counts)
    make = partial(make_image, folder=folder, seed=seed, longest=longest)
    words = dict(zip(jobs, parallel_map(make, jobs, processes, 'words'), strict=True))
    for style, split in product(STYLES, SPLITS):
        own = {job: word for job, word in words.items() if (job.style, job.split) == (style, split)}
        (folder / style / f'textrecog_{split}.json').write_text(json.dumps(annotate(own)))


def make_words(
    out: Path, train: int, test: int, seed: int, longest: int, processes: int
) -> bool:
    """Makes the sets in the folder ``out``, unless they are there already.

    Args:
        out: Folder of the sets.
        train: Number of training images over both sets.
        test: Number of test images over both sets.
        seed: Any number from 0.
        longest: Most characters of a word.
        processes: How many processes share the work.

    Returns:
        bool: Whether anything was made.
    """
    counts = {'train': train, 'test': test}
    write = partial(write_sets, counts=counts, seed=seed, longest=longest, processes=processes)
    return make_once(out, {**counts, 'seed': seed, 'longest': longest}, write)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    of_each = whole_number(len(STYLES))
    parser.add_argument('--out', type=Path, default='data/words', help='folder to make')
    parser.add_argument('--train', type=of_each, default=10000, help='training images in both sets')
    parser.add_argument('--test', type=of_each, default=4000, help='test images in both sets')
    parser.add_argument('--seed', type=whole_number(0), default=0)
    parser.add_argument(
        '--longest', type=whole_number(SHORTEST), default=8, help='most characters of a word'
    )
    parser.add_argument('--processes', type=whole_number(1), default=os.cpu_count())
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Runs the command line tool."""
    args = parse_args(argv)
    with plain_errors('make_words'):
        made = make_words(**vars(args))
    done = 'made' if made else 'here already:'
    print(f'{args.out}: {done} {args.train} training and {args.test} test images')


if __name__ == '__main__':
    main()
