"""Makes a detection data set in COCO format: handwritten digits on textured backgrounds.

    python tools/data/make_digit_scenes.py --out data/digit_scenes --train 1600 --val 300 --seed 0

makes

    data/digit_scenes/train/000000.jpg, ...
    data/digit_scenes/val/000000.jpg, ...
    data/digit_scenes/annotations/train.json, val.json

with boxes and masks (RLE). The splits use different digit images. The key ``digit`` of an
annotation is the index of its image in scikit-learn's ``load_digits``. Each scene depends only on
the seed and its index, not on the number of processes or scenes.
"""

from typing import List, Optional, Tuple

import numpy as np
from coco_scenes import make_scenes, scene_parser
from digit_scenes import NAMES, classes, draw_digit, split_digits
from scenes import Scene, compose_scene


def draw_scene(rng: np.random.Generator, split: str) -> Tuple[Scene, np.ndarray]:
    """Draws a scene of digits of a split; returns it with the class of each digit."""
    scene = compose_scene(rng, split_digits(split), draw_digit)
    return scene, classes()[scene.sources]


def main(argv: Optional[List[str]] = None) -> None:
    """Runs the command line tool."""
    args = scene_parser(__doc__, 'data/digit_scenes', 1600, 300).parse_args(argv)
    make_scenes('make_digit_scenes', args, draw_scene, NAMES, 'digit')


if __name__ == '__main__':
    main()
