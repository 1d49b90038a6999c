"""tools/data/make_digit_scenes.py, read as COCO."""

import itertools
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / 'tools' / 'data'))

import coco_scenes  # noqa: E402
import digit_scenes  # noqa: E402
import make_digit_scenes  # noqa: E402
import scenes as scenes_of_objects  # noqa: E402

COUNTS = {'train': 60, 'val': 40}


def make(folder, train=COUNTS['train'], val=COUNTS['val'], seed=0, processes=2):
    make_digit_scenes.main(
        f'--out {folder} --train {train} --val {val} --seed {seed} --processes {processes}'.split()
    )
    return folder


def contents(folder):
    """Returns the content of every file except the stamp, by relative path."""
    files = (path for path in folder.rglob('*') if path.is_file() and path.parent != folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    return make(tmp_path_factory.mktemp('data') / 'digit_scenes')


@pytest.fixture(scope='module', params=COUNTS)
def coco(request, scenes):
    return COCO(scenes / 'annotations' / f'{request.param}.json')


def test_same_seed_makes_same_files_with_any_number_of_processes(scenes, tmp_path):
    assert contents(make(tmp_path / 'again', processes=1)) == contents(scenes)


def test_other_seed_makes_other_scenes(scenes, tmp_path):
    other, first = contents(make(tmp_path / 'other', seed=1)), contents(scenes)
    assert other.keys() == first.keys()
    assert not any(other[name] == first[name] for name in first)


def test_scene_is_independent_of_number_of_scenes(scenes, tmp_path):
    few = make(tmp_path / 'few', train=3, val=2)
    for image in ('train/000002.jpg', 'val/000001.jpg'):
        assert (few / image).read_bytes() == (scenes / image).read_bytes()


def test_image_files_match_annotations(scenes, coco):
    split = next(name for name, count in COUNTS.items() if count == len(coco.imgs))
    for entry in coco.imgs.values():
        image = cv2.imread(str(scenes / split / entry['file_name']))
        assert image.shape == (entry['height'], entry['width'], 3)
        assert image.std() > 0


def test_boxes_are_tight(coco):
    for annotation in coco.anns.values():
        mask = coco.annToMask(annotation)
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        left, top = columns[0], rows[0]
        box = [left, top, columns[-1] + 1 - left, rows[-1] + 1 - top]
        assert annotation['bbox'] == box
        assert annotation['area'] == mask.sum() > 0


def test_masks_are_disjoint_but_boxes_overlap(coco):
    overlaps = 0
    for image in coco.imgs:
        annotations = coco.imgToAnns[image]
        if annotations:
            assert np.sum([coco.annToMask(found) for found in annotations], axis=0).max() == 1
        for one, other in itertools.combinations([found['bbox'] for found in annotations], 2):
            overlaps += all(
                one[k] < other[k] + other[k + 2] and other[k] < one[k] + one[k + 2] for k in (0, 1)
            )
    assert overlaps


def test_landscape_portrait_and_empty_images_occur(coco):
    shapes = [(image['height'], image['width']) for image in coco.imgs.values()]
    assert any(height > width for height, width in shapes)
    assert any(height < width for height, width in shapes)
    empty = sum(not coco.imgToAnns[image] for image in coco.imgs)
    assert 0 < empty < len(shapes) / 4


def test_every_class_occurs_and_labels_are_correct(coco):
    classes = digit_scenes.digit_images()[1]
    names = {category['id']: category['name'] for category in coco.cats.values()}
    labels = {names[found['category_id']] for found in coco.anns.values()}
    assert labels == set('0123456789')
    for annotation in coco.anns.values():
        assert names[annotation['category_id']] == str(classes[annotation['digit']])


def test_splits_have_different_digit_images(scenes, tmp_path):
    digits = {}
    for split in COUNTS:
        digits[split] = {
            annotation['digit']
            for folder in (scenes, make(tmp_path / 'other', seed=7))
            for annotation in COCO(folder / 'annotations' / f'{split}.json').anns.values()
        }
    assert digits['train'] and digits['val']
    assert not digits['train'] & digits['val']


def test_digit_images_are_unique():
    images, _ = digit_scenes.digit_images()
    assert len(np.unique(images, axis=0)) == len(images) == 1797


def test_digit_has_requested_size_and_rotation_preserves_it():
    digit = digit_scenes.digit_images()[0][0]
    upright = digit_scenes.draw_ink(digit, 40, 1, 0)
    assert 32 <= upright.shape[0] <= 42
    assert upright.min() == 0 and upright.max() == 1
    turned = digit_scenes.draw_ink(digit, 40, 1, 90)
    np.testing.assert_allclose(turned, np.rot90(upright), atol=0.15)


def test_earlier_objects_stay_visible():
    rng = np.random.default_rng(0)
    size, ink = (20, 20), np.ones((10, 10), np.float32)
    earlier = np.zeros(size, bool)
    earlier[scenes_of_objects.find_window(rng, ink, [], [], size)] = True
    assert earlier.sum() == 100
    for _ in range(20):
        window = scenes_of_objects.find_window(rng, ink, [earlier], [100], size)
        assert window is None or earlier.sum() - earlier[window].sum() >= 85
    everywhere = np.ones(size, bool)
    large = np.ones((15, 15), np.float32)
    assert scenes_of_objects.find_window(rng, large, [everywhere], [400], size) is None
    assert scenes_of_objects.find_window(rng, np.ones((21, 5)), [], [], size) is None


def test_mmdetection_reads_set(scenes):
    datasets = pytest.importorskip('mmdet.datasets')
    pipeline = [
        {'type': 'mmdet.LoadImageFromFile'},
        {'type': 'mmdet.LoadAnnotations', 'with_bbox': True, 'with_mask': True},
    ]
    options = {
        'data_root': str(scenes),
        'ann_file': 'annotations/train.json',
        'data_prefix': {'img': 'train/'},
        'metainfo': {'classes': tuple('0123456789')},
        'pipeline': pipeline,
    }
    dataset = datasets.CocoDataset(**options)
    coco = COCO(scenes / 'annotations' / 'train.json')
    assert len(dataset) == COUNTS['train']
    assert sum(len(sample['gt_bboxes_labels']) for sample in dataset) == len(coco.anns)
    for sample in dataset:
        annotations = coco.imgToAnns[sample['img_id']]
        assert sample['gt_masks'].areas.tolist() == [found['area'] for found in annotations]
        assert not any(sample['gt_ignore_flags'])
    filtered = datasets.CocoDataset(**options, filter_cfg={'filter_empty_gt': True})
    assert 0 < len(filtered) < len(dataset)


def test_same_arguments_make_nothing(scenes, capsys):
    before = {path: path.stat().st_mtime_ns for path in scenes.rglob('*')}
    make(scenes)
    assert 'already contains' in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in scenes.rglob('*')} == before


def test_other_arguments_replace_set(tmp_path):
    folder = make(tmp_path / 'set', train=3, val=2)
    make(folder, train=2, val=1)
    assert len(list(folder.glob('*/*.jpg'))) == 3
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize('failure', [KeyboardInterrupt, OSError('disk full')])
def test_interruption_leaves_existing_set(tmp_path, monkeypatch, failure):
    folder = make(tmp_path / 'set', train=3, val=2)
    before = contents(folder)
    write_split = coco_scenes.write_split

    def fail_late(new, split, *rest, **options):
        write_split(new, split, *rest, **options)
        if split == 'val':
            raise failure

    monkeypatch.setattr(coco_scenes, 'write_split', fail_late)
    for name in ('set', 'new'):
        with pytest.raises(SystemExit, match=r'nothing was written|disk full'):
            make(tmp_path / name, train=4, val=2)
    assert list(tmp_path.iterdir()) == [folder]
    assert contents(folder) == before


def test_other_folder_is_not_replaced(tmp_path):
    (tmp_path / 'precious.txt').write_text('precious')
    with pytest.raises(SystemExit, match='is not a data set of this tool; give another folder'):
        make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['precious.txt']


@pytest.mark.parametrize(
    'option, value, least',
    [('train', 0, 1), ('val', -3, 1), ('seed', -1, 0), ('processes', 0, 1), ('train', 'many', 1)],
)
def test_invalid_argument_exits_with_one_sentence(tmp_path, capsys, option, value, least):
    with pytest.raises(SystemExit):
        make(tmp_path / 'set', **{option: value})
    error = capsys.readouterr().err
    assert f"argument --{option}: '{value}' is not an integer of at least {least}." in error
    assert not list(tmp_path.iterdir())
