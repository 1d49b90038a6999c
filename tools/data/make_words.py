"""Makes a text recognition data set of rendered words, so that a training needs no download.

    python tools/data/make_words.py --out data/words --train 6000 --test 2000 --seed 0

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
import hashlib
import json
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from rich.progress import track
from word_images import PRINTED, SCENE, encode_word, render_word
from word_texts import draw_word

STYLES = {'printed': PRINTED, 'scene': SCENE}
SPLITS = ('train', 'test')
STAMP = 'made_with.json'


class Job(NamedTuple):
    """One image to make: the set and split it belongs to, and its number there."""

    style: str
    split: str
    index: int

    @property
    def image(self) -> str:
        """Where the image lies in the folder of its set."""
        return f'textrecog_imgs/{self.split}/{self.index:05d}.jpg'


def list_jobs(train: int, test: int) -> Iterator[Job]:
    """All images of all sets; of an odd number the first set gets one more."""
    for split, images in zip(SPLITS, (train, test), strict=True):
        for place, style in enumerate(STYLES):
            for index in range((images + len(STYLES) - 1 - place) // len(STYLES)):
                yield Job(style, split, index)


def make_image(job: Job, folder: Path, seed: int) -> tuple[Job, str]:
    """Makes one image and returns the word in it."""
    place = (list(STYLES).index(job.style), SPLITS.index(job.split), job.index)
    rng = np.random.default_rng([seed, *place])
    style = STYLES[job.style]
    word = draw_word(rng, job.split)
    image = render_word(word, style, rng)
    (folder / job.style / job.image).write_bytes(encode_word(image, style, rng))
    return job, word


def annotate(words: dict[Job, str], style: str, split: str) -> dict:
    """The annotations of one set and split, as OCRDataset reads them."""
    jobs = sorted(job for job in words if (job.style, job.split) == (style, split))
    return {
        'metainfo': {'dataset_type': 'TextRecogDataset', 'task_name': 'textrecog'},
        'data_list': [{'img_path': job.image, 'instances': [{'text': words[job]}]} for job in jobs],
    }


def set_up_worker() -> None:
    """One thread for each process; an interruption is the main process's to handle."""
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def write_sets(folder: Path, train: int, test: int, seed: int, processes: int) -> None:
    """Makes all images and annotations in a new folder."""
    for style in STYLES:
        for split in SPLITS:
            (folder / style / 'textrecog_imgs' / split).mkdir(parents=True)
    jobs = list(list_jobs(train, test))
    with multiprocessing.Pool(processes, set_up_worker) as pool:
        make = partial(make_image, folder=folder, seed=seed)
        made = pool.imap_unordered(make, jobs, chunksize=32)
        words = dict(track(made, 'Making words', total=len(jobs)))
    for style in STYLES:
        for split in SPLITS:
            path = folder / style / f'textrecog_{split}.json'
            path.write_text(json.dumps(annotate(words, style, split)))


def describe(train: int, test: int, seed: int) -> dict:
    """What decides the content of the sets: the arguments, and the code that uses them."""
    sources = sorted(Path(__file__).parent.glob('*word*.py'))
    code = hashlib.sha256(b''.join(source.read_bytes() for source in sources)).hexdigest()
    return {'train': train, 'test': test, 'seed': seed, 'code': code}


def make_words(out: str | Path, train: int, test: int, seed: int, processes: int = 1) -> bool:
    """Makes the sets in the folder ``out``, unless they are there already.

    The sets are made beside ``out`` and moved there when they are complete.

    Args:
        out: Folder to make. It may exist only if this function made it; then it is replaced.
        train: Number of training images over both sets.
        test: Number of test images over both sets.
        seed: Any number from 0.
        processes: Number of processes to share the work.

    Returns:
        bool: Whether anything was made.

    Raises:
        FileExistsError: ``out`` holds something else.
    """
    out = Path(out).absolute()
    stamp = describe(train, test, seed)
    if out.exists() and not (out / STAMP).is_file():
        raise FileExistsError(
            f'{out} exists and is no word data set: give --out another folder, or remove this one.'
        )
    if out.exists() and json.loads((out / STAMP).read_text()) == stamp:
        return False
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{out.name}-', dir=out.parent) as workshop:
        new = Path(workshop) / 'new'
        write_sets(new, train, test, seed, processes)
        (new / STAMP).write_text(json.dumps(stamp))
        if out.exists():
            out.rename(Path(workshop) / 'old')
        new.rename(out)
    return True


def whole_number(text: str, least: int) -> int:
    """Reads an argument that is a whole number from ``least``."""
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f'{text!r} is not a whole number from {least}.')
    return int(text)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    positive = partial(whole_number, least=1)
    pair = partial(whole_number, least=len(STYLES))
    parser.add_argument('--out', type=Path, default='data/words', help='folder to make')
    parser.add_argument('--train', type=pair, default=6000, help='training images in both sets')
    parser.add_argument('--test', type=pair, default=2000, help='test images in both sets')
    parser.add_argument('--seed', type=partial(whole_number, least=0), default=0)
    parser.add_argument('--processes', type=positive, default=os.cpu_count())
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Runs the command line tool."""
    args = parse_args(argv)
    try:
        made = make_words(**vars(args))
    except OSError as error:
        sys.exit(f'make_words: {error}')
    except KeyboardInterrupt:
        sys.exit('make_words: interrupted; nothing was written.')
    done = 'made' if made else 'here already:'
    print(f'{args.out}: {done} {args.train} training and {args.test} test images')


if __name__ == '__main__':
    main()
