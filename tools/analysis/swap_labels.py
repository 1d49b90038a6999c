"""Swaps the labels of some images of an MMOCR recognition set, to see whether they are found again.

    python tools/analysis/swap_labels.py data/words/*/textrecog_train.json --share 0.05

writes ``textrecog_train_swapped.json`` beside each file. What has the text of another image is
marked there with ``"swapped": true``, which training does not look at.
"""

import argparse
import json
from pathlib import Path

import numpy as np


def swap_labels(samples: list[dict], share: float, rng: np.random.Generator) -> list[dict]:
    """Gives a share of the samples the text of another one of them.

    Args:
        samples: Items of a ``data_list``, each with one instance.
        share: Share of the samples, in ``[0, 1]``.
        rng: Source of randomness.

    Returns:
        list: New items; those whose text is now another have ``swapped=True``.
    """
    chosen = rng.permutation(len(samples))[: round(share * len(samples))]
    texts = {i: samples[i]['instances'][0]['text'] for i in chosen}
    # In a ring of different images every text moves; equal texts may still meet.
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
    parser.add_argument('--share', type=float, default=0.05, help='share of the labels to swap')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    if not 0 <= args.share <= 1:
        parser.error(f'--share must be between 0 and 1, but got {args.share}')
    for number, path in enumerate(args.annotations):
        annotations = json.loads(path.read_text())
        rng = np.random.default_rng([args.seed, number])
        annotations['data_list'] = swap_labels(annotations['data_list'], args.share, rng)
        out = path.with_name(f'{path.stem}_swapped.json')
        out.write_text(json.dumps(annotations))
        count = sum('swapped' in sample for sample in annotations['data_list'])
        print(f'{out}: {count:,} of {len(annotations["data_list"]):,} labels are swapped')


if __name__ == '__main__':
    main()
