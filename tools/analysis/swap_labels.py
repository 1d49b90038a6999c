"""Swaps the labels of some images of an MMOCR recognition set, to measure how many are found again.

    python tools/analysis/swap_labels.py data/words/*/textrecog_train.json --fraction 0.05

writes ``textrecog_train_swapped.json`` beside each file. Images that got the text of another image
are marked with ``"swapped": true``, which training ignores.
"""

import argparse
import json
from pathlib import Path
from typing import List

import numpy as np

from bls_mm.records.files import write_text


def swap_labels(samples: List[dict], fraction: float, rng: np.random.Generator) -> List[dict]:
    """Gives a fraction of the samples the text of another one of them.

    Args:
        samples (list[dict]): Items of a ``data_list``, each with one instance.
        fraction (float): Fraction of the samples, in [0, 1].
        rng (np.random.Generator): Source of randomness.

    Returns:
        list[dict]: New items. Those with a different text have ``swapped=True``.
    """
    chosen = rng.permutation(len(samples))[: round(fraction * len(samples))]
    texts = {i: samples[i]['instances'][0]['text'] for i in chosen}
    # Each chosen image gets the text of the previous one, which may be the same word.
    swapped = dict(zip(chosen, np.roll(chosen, 1)))
    result = []
    for i, sample in enumerate(samples):
        text = texts.get(swapped.get(i))
        if text is not None and text != texts[i]:
            sample = {**sample, 'instances': [{'text': text}], 'swapped': True}
        result.append(sample)
    return result


def main() -> None:
    """Runs the command line tool."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('annotations', nargs='+', type=Path, help='annotation files of OCRDataset')
    parser.add_argument(
        '--fraction',
        '--share',  # the name in version 0.1
        type=float,
        default=0.05,
        help='fraction of the labels to swap (default: %(default)s)',
    )
    parser.add_argument('--seed', type=int, default=0, help='random seed (default: %(default)s)')
    args = parser.parse_args()
    if not 0 <= args.fraction <= 1:
        parser.error(f'--fraction must be between 0 and 1, but got {args.fraction}')
    for number, path in enumerate(args.annotations):
        annotations = json.loads(path.read_text())
        rng = np.random.default_rng([args.seed, number])
        annotations['data_list'] = swap_labels(annotations['data_list'], args.fraction, rng)
        out = path.with_name(f'{path.stem}_swapped.json')
        write_text(out, json.dumps(annotations))
        count = sum('swapped' in sample for sample in annotations['data_list'])
        print(f'wrote {out}: {count:,} of {len(annotations["data_list"]):,} labels are swapped')


if __name__ == '__main__':
    main()
