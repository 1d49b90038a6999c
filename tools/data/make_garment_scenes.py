"""Makes a detection data set in COCO format: garments of Fashion-MNIST on textured backgrounds.

    apt install dataset-fashion-mnist
    python tools/data/make_garment_scenes.py --out data/garment_scenes --train 4000 --val 500

Scenes have up to six real garments of 10 classes, of different sizes; they may overlap. Boxes,
masks and files are those of make_digit_scenes.py. The key ``garment`` of an annotation is the index
of its image: training scenes use the training images, validation scenes the test images. Another
--seed makes other scenes, for example to train the detector that is fine-tuned on these.
"""

from functools import partial
from pathlib import Path
from typing import List, Optional, Tuple

import numpy as np
from coco_scenes import make_scenes, scene_parser
from garment_scenes import NAMES, draw_garment, garment_images
from make_fashion_mnist import SOURCE, find_source
from scenes import Scene, compose_scene


def draw_scene(rng: np.random.Generator, split: str, source: Path) -> Tuple[Scene, np.ndarray]:
    """Draws a scene of garments of a split; returns it with the class of each garment."""
    images, classes = garment_images(source, split)
    scene = compose_scene(
        rng, np.arange(len(images)), lambda rng, index: draw_garment(rng, images[index])
    )
    return scene, classes[scene.sources]


def main(argv: Optional[List[str]] = None) -> None:
    """Runs the command line tool."""
    parser = scene_parser(__doc__, 'data/garment_scenes', 4000, 500)
    parser.add_argument('--source', type=Path, default=SOURCE, help='folder of the IDX files')
    args = parser.parse_args(argv)
    try:
        draw = partial(draw_scene, source=find_source(args.source))
    except FileNotFoundError as error:
        raise SystemExit(f'make_garment_scenes: {error}') from None
    make_scenes('make_garment_scenes', args, draw, NAMES, 'garment')


if __name__ == '__main__':
    main()
