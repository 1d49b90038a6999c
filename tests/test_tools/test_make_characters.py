"""tools/data/make_characters.py, read as MNIST."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'data'))

import make_characters
from idx_files import with_wrong_labels
from word_texts import ALPHABET

COUNTS = {'train': 150, 'test': 40}
KINDS = ('images-idx3', 'labels-idx1')
NAMES = [f'{split}-{kind}-ubyte' for split in ('train', 't10k') for kind in KINDS]


def make(folder: Path, train=COUNTS['train'], seed=0, processes=1) -> Path:
    assert make_characters.make_characters(folder, train, COUNTS['test'], seed, processes)
    return folder


@pytest.fixture(scope='module')
def characters(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp('data') / 'characters')


def read(folder: Path, split: str):
    """Returns images and labels, as torchvision's MNIST reads them."""
    from torchvision.datasets.mnist import read_image_file, read_label_file

    return (
        read_image_file(str(folder / f'{split}-images-idx3-ubyte')).numpy(),
        read_label_file(str(folder / f'{split}-labels-idx1-ubyte')).numpy(),
    )


def test_images_have_contrast_and_labels(characters):
    for split, count in (('train', COUNTS['train']), ('t10k', COUNTS['test'])):
        images, labels = read(characters, split)
        assert images.shape == (count, 32, 32)
        assert labels.shape == (count,)
        assert labels.max() < len(ALPHABET)
        assert images.std(axis=(1, 2)).min() > 3
        assert len(np.unique(labels)) > 15


def test_splits_have_different_images(characters):
    train, test = (read(characters, split)[0].reshape(-1, 1024) for split in ('train', 't10k'))
    assert not (train[:, None] == test[None]).all(axis=2).any()


def test_images_are_independent_of_number_of_processes_and_images(characters, tmp_path):
    fewer = make(tmp_path / 'characters', train=20, processes=2)
    for split, count in (('train', 20), ('t10k', COUNTS['test'])):
        for these, those in zip(read(fewer, split), read(characters, split)):
            assert (these == those[:count]).all()


def test_other_seed_makes_other_images(characters, tmp_path):
    other = make(tmp_path / 'characters', seed=1)
    assert (read(other, 'train')[0] != read(characters, 'train')[0]).any(axis=(1, 2)).all()


def test_existing_set_is_not_made_again(characters):
    assert sorted(path.name for path in characters.iterdir()) == ['made_with.json', *sorted(NAMES)]
    arguments = (characters, COUNTS['train'], COUNTS['test'], 0, 1)
    assert not make_characters.make_characters(*arguments)


def test_mmpretrain_reads_set(characters):
    datasets = pytest.importorskip('mmpretrain.datasets')
    for test_mode, count in ((False, COUNTS['train']), (True, COUNTS['test'])):
        dataset = datasets.MNIST(str(characters), test_mode=test_mode, download=False, pipeline=[])
        assert len(dataset) == count
        assert dataset[0]['img'].shape == (32, 32)


def test_wrong_labels_are_only_in_training_set(characters, tmp_path):
    make_characters.make_characters(tmp_path / 'wrong', **COUNTS, seed=0, processes=1, wrong=0.3)
    images = 'train-images-idx3-ubyte'
    assert (tmp_path / 'wrong' / images).read_bytes() == (characters / images).read_bytes()
    for split, expected in (('train', 0.3), ('t10k', 0)):
        fraction = (read(tmp_path / 'wrong', split)[1] != read(characters, split)[1]).mean()
        assert fraction == pytest.approx(expected, abs=0.1 if expected else 0)


def test_wrong_labels_are_independent_of_number_of_samples():
    labels = np.arange(2000) % len(ALPHABET)
    wrong = with_wrong_labels(labels, 1.0, 0, len(ALPHABET))
    assert (wrong != labels).all()
    assert set(wrong) == set(range(len(ALPHABET)))
    some = with_wrong_labels(labels, 0.2, 0, len(ALPHABET))
    assert (some[:500] == with_wrong_labels(labels[:500], 0.2, 0, len(ALPHABET))).all()
