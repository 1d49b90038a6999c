"""tools/data/make_words.py, on a few dozen images."""

import importlib
import json
import sys
from pathlib import Path
from typing import Dict, List

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'data'))

import make_words
import painting
import word_fonts
import word_images
import word_styles
import word_texts

TRAIN, TEST = 25, 8
STYLES = ('printed', 'scene')
ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'


@pytest.fixture(scope='module')
def words(tmp_path_factory) -> Path:
    """A small data set with seed 0, made by one process."""
    out = tmp_path_factory.mktemp('data') / 'words'
    assert make_words.make_words(out, TRAIN, TEST, seed=0, longest=8, processes=1)
    return out


def files(folder: Path) -> Dict[str, bytes]:
    """Returns the content of every file of a folder, by relative path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }


def read_texts(folder: Path, style: str, split: str) -> List[str]:
    """Returns the words of one set and split."""
    annotations = json.loads((folder / style / f'textrecog_{split}.json').read_text())
    return [entry['instances'][0]['text'] for entry in annotations['data_list']]


@pytest.mark.parametrize('split, images', [('train', TRAIN), ('test', TEST)])
def test_sets_have_requested_sizes(words, split, images):
    sizes = [len(read_texts(words, style, split)) for style in STYLES]
    assert sizes == [images - images // 2, images // 2]
    for style, size in zip(STYLES, sizes):
        assert len(list((words / style / 'textrecog_imgs' / split).iterdir())) == size


def test_words_have_three_to_longest_characters(words):
    texts = [text for style in STYLES for text in read_texts(words, style, 'train')]
    assert all(3 <= len(text) <= 8 and set(text) <= set(ALPHABET) for text in texts)
    assert len(set(texts)) == len(texts)


def test_splits_have_different_words_for_any_seed():
    rng = np.random.default_rng(0)
    drawn = {
        split: {word_texts.draw_word(rng, split, longest=8) for _ in range(500)}
        for split in ('train', 'test')
    }
    assert drawn['train'].isdisjoint(drawn['test'])
    # The split of each word is fixed, and both splits contain short words.
    assert not any(word_texts.is_test_word(word) for word in drawn['train'])
    assert all(word_texts.is_test_word(word) for word in drawn['test'])
    assert {3, 4, 5, 6, 7, 8} == set(map(len, drawn['test'])) == set(map(len, drawn['train']))


def test_images_differ_and_have_contrast(words):
    for style in STYLES:
        images = [
            cv2.imread(str(path))
            for path in sorted((words / style / 'textrecog_imgs' / 'train').iterdir())
        ]
        assert all(image.shape[0] >= 12 and image.shape[1] >= 20 for image in images)
        assert all(image.std() > 3 for image in images)
        assert len({image.shape for image in images}) > len(images) // 2


def test_wider_word_makes_wider_image():
    def width(word):
        images = (
            word_images.render_word(word, word_styles.SCENE, np.random.default_rng(seed))
            for seed in range(10)
        )
        return np.mean([image.shape[1] for image in images])

    assert width('wwwwww') > 1.5 * width('iii')


def test_contrast_of_ink_follows_style():
    plain = word_styles.Style(
        height=(40, 40),
        contrast=(120, 120),
        spacing=(0, 0),
        margin=(0.3, 0.3),
        angle=(0, 0),
        shear=(0, 0),
        perspective=(0, 0),
        texture=(0, 0),
        shading=(0, 0),
        border=0,
        shadow=0,
        blur=(0, 0),
        noise=(0, 0),
        quality=(95, 95),
    )
    for seed in range(10):
        image = word_images.render_word('HHH', plain, np.random.default_rng(seed))
        luminance = image @ painting.LUMINANCE
        ground = luminance[0, 0]
        # Strong colours are clipped, which reduces the difference in luminance.
        assert 70 < abs(luminance - ground).max() < 190


def test_images_are_independent_of_number_of_processes_and_images(words, tmp_path):
    make_words.make_words(tmp_path / 'words', TRAIN + 8, TEST, seed=0, longest=8, processes=3)
    more, fewer = files(tmp_path / 'words'), files(words)
    images = [name for name in fewer if name.endswith('.jpg')]
    assert len(images) == TRAIN + TEST
    assert all(fewer[name] == more[name] for name in images)
    for style in STYLES:
        texts = read_texts(words, style, 'train')
        assert texts == read_texts(tmp_path / 'words', style, 'train')[: len(texts)]


def test_other_seed_makes_other_words(words, tmp_path):
    make_words.make_words(tmp_path / 'words', TRAIN, TEST, seed=1, longest=8, processes=1)
    for style in STYLES:
        here, there = (read_texts(folder, style, 'train') for folder in (words, tmp_path / 'words'))
        assert set(here).isdisjoint(there)


def test_sets_and_splits_have_different_words(words):
    sets = [set(read_texts(words, style, split)) for style in STYLES for split in ('train', 'test')]
    assert len(set.union(*sets)) == sum(map(len, sets))


def test_mmocr_reads_sets(words):
    pytest.importorskip('mmcv')
    importlib.import_module('bls_mm.compat').import_library('mmocr')
    build = importlib.import_module('mmocr.registry').DATASETS.build
    importlib.import_module('mmocr.utils').register_all_modules()
    pipeline = [
        {'type': 'LoadImageFromFile', 'color_type': 'grayscale'},
        {'type': 'LoadOCRAnnotations', 'with_text': True},
        {'type': 'Resize', 'scale': (100, 32), 'keep_ratio': False},
        {'type': 'PackTextRecogInputs', 'meta_keys': ('img_path', 'img_shape')},
    ]
    datasets = [
        {'type': 'OCRDataset', 'data_root': str(words / style), 'ann_file': 'textrecog_train.json'}
        for style in STYLES
    ]
    dataset = build({'type': 'ConcatDataset', 'datasets': datasets, 'pipeline': pipeline})
    assert len(dataset) == TRAIN
    texts = [text for style in STYLES for text in read_texts(words, style, 'train')]
    samples = [dataset[index] for index in range(TRAIN)]
    assert [sample['data_samples'].gt_text.item for sample in samples] == texts
    assert {tuple(sample['inputs'].shape) for sample in samples} == {(1, 32, 100)}


def test_existing_sets_are_not_made_again(words):
    before = {path: path.stat().st_mtime_ns for path in words.rglob('*')}
    assert not make_words.make_words(words, TRAIN, TEST, seed=0, longest=8, processes=1)
    assert before == {path: path.stat().st_mtime_ns for path in words.rglob('*')}


def test_other_arguments_replace_sets(tmp_path):
    out = tmp_path / 'words'
    make_words.make_words(out, 6, 4, seed=0, longest=8, processes=1)
    assert make_words.make_words(out, 4, 2, seed=0, longest=8, processes=1)
    assert len(list(out.rglob('*.jpg'))) == 6
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize('existing', [False, True])
def test_interruption_leaves_existing_sets(tmp_path, monkeypatch, existing):
    out = tmp_path / 'words'
    if existing:
        make_words.make_words(out, 4, 2, seed=0, longest=8, processes=1)
    before = files(tmp_path)

    def interrupt(*args):
        raise KeyboardInterrupt

    # Annotations are written last, after all images.
    monkeypatch.setattr(make_words, 'annotate', interrupt)
    with pytest.raises(SystemExit, match='interrupted'):
        make_words.main(['--out', str(out), '--train', '6', '--test', '2', '--processes', '1'])
    assert files(tmp_path) == before
    assert list(tmp_path.iterdir()) == ([out] if existing else [])


@pytest.mark.parametrize(
    'option, value, limit',
    [('--train', '0', 2), ('--test', 'many', 2), ('--seed', '-1', 0), ('--processes', '0', 1)],
)
def test_invalid_argument_exits_with_one_sentence(option, value, limit, capsys):
    with pytest.raises(SystemExit):
        make_words.main([option, value])
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert option in sentence and repr(value) in sentence and f'at least {limit}' in sentence


def test_other_folder_is_not_replaced(tmp_path):
    (tmp_path / 'thesis.tex').write_text('precious')
    with pytest.raises(SystemExit, match='is not a data set of this tool'):
        make_words.main(['--out', str(tmp_path)])
    assert files(tmp_path) == {'thesis.tex': b'precious'}


def test_fonts_have_right_glyphs():
    names = {Path(path).stem for path in word_fonts.matplotlib_fonts()}
    assert {'DejaVuSans', 'DejaVuSerif-Bold', 'STIXGeneral', 'cmr10', 'cmtt10'} <= names
    # Symbols instead of letters, old-style digits, and one box for every character.
    assert names.isdisjoint(
        {'cmsy10', 'cmex10', 'cmmi10', 'LastResortHE-Regular', 'STIXSizOneSymReg'}
    )
