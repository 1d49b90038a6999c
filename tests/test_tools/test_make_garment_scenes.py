"""tools/data/make_garment_scenes.py, from stand-ins of the package's files, read as COCO."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'data'))

import garment_scenes
import make_garment_scenes
from idx_files import write_split

NUM = {'train': 200, 'test': 50}


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """Rectangles of random height and grey level, with a dark print."""
    folder = tmp_path_factory.mktemp('source')
    rng = np.random.default_rng(0)
    for split, count in NUM.items():
        images = np.zeros((count, 28, 28), np.uint8)
        for image in images:
            image[rng.integers(1, 8) : -1, 6:-6] = rng.integers(60, 256)
            image[12:16, 10:14] = 0
        write_split(folder, split, images, np.arange(count) % 10)
    return folder


@pytest.fixture(scope='module')
def made(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'garments'
    arguments = f'--source {source} --out {folder} --train 60 --val 30 --processes 2'
    make_garment_scenes.main(arguments.split())
    return folder


@pytest.mark.parametrize(('split', 'files'), [('train', 'train'), ('val', 'test')])
def test_labels_are_those_of_the_split(made, split, files):
    coco = COCO(made / 'annotations' / f'{split}.json')
    assert [category['name'] for category in coco.cats.values()] == list(garment_scenes.NAMES)
    garments = [annotation['garment'] for annotation in coco.anns.values()]
    assert len(garments) > 50
    assert max(garments) < NUM[files]
    for annotation in coco.anns.values():
        assert annotation['category_id'] == annotation['garment'] % 10 + 1


def test_boxes_contain_garments_and_garments_overlap(made):
    coco = COCO(made / 'annotations' / 'train.json')
    heights, overlaps = [], 0
    for image in coco.imgs.values():
        picture = cv2.imread(str(made / 'train' / image['file_name']))
        assert picture.shape == (image['height'], image['width'], 3)
        boxes = [annotation['bbox'] for annotation in coco.imgToAnns[image['id']]]
        heights += [height for _, _, _, height in boxes]
        for number, (left, top, width, height) in enumerate(boxes):
            assert left >= 0 and top >= 0
            assert left + width <= image['width'] and top + height <= image['height']
            overlaps += any(
                left < x + w and x < left + width and top < y + h and y < top + height
                for x, y, w, h in boxes[number + 1 :]
            )
    assert max(heights) > 2 * min(heights)
    assert overlaps > 0


def test_garment_keeps_its_grey_levels_and_has_no_holes():
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 6:22] = np.linspace(100, 200, 20)[:, None]
    image[10:14, 10:14] = 0  # a dark print
    opacity, colour = garment_scenes.draw_garment(np.random.default_rng(0), image)
    assert (opacity[opacity.shape[0] // 2, 4:-4] > 0.5).all()
    colours = colour(np.random.default_rng(0), 120.0, 80.0)
    assert colours.shape == (*opacity.shape, 3)
    middle = colours[:, colours.shape[1] // 4]
    assert middle[-5].mean() > middle[5].mean() + 20


def test_missing_package_is_one_sentence(tmp_path):
    with pytest.raises(SystemExit, match='contains no Fashion-MNIST; install'):
        make_garment_scenes.main(['--source', str(tmp_path), '--out', str(tmp_path / 'out')])
