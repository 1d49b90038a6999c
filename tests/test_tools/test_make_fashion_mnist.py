"""tools/data/make_fashion_mnist.py, from stand-ins of the package's files."""

import gzip
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'data'))

import make_fashion_mnist
from idx_files import as_idx, from_idx, write_split
from make_fashion_mnist import SOURCE, main


@pytest.fixture
def source(tmp_path) -> Path:
    """A folder as the package installs it: compressed files, here of a few random images."""
    folder = tmp_path / 'source'
    folder.mkdir()
    rng = np.random.default_rng(0)
    for split, count in (('train', 400), ('test', 30)):
        images = rng.integers(256, size=(count, 28, 28)).astype(np.uint8)
        write_split(folder, split, images, np.arange(count) % 10)
    for path in folder.iterdir():
        path.with_name(f'{path.name}.gz').write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    return folder


def make(source: Path, out: Path, *options: str) -> Path:
    main(['--source', str(source), '--out', str(out), *options])
    return out


def test_mmpretrain_reads_set(source, tmp_path):
    datasets = pytest.importorskip('mmpretrain.datasets')
    out = make(source, tmp_path / 'out', '--train', '300')
    for test_mode, count in ((False, 300), (True, 30)):
        dataset = datasets.FashionMNIST(
            str(out), data_prefix='', test_mode=test_mode, download=False, pipeline=[]
        )
        assert len(dataset) == count
        assert dataset[7]['img'].shape == (28, 28)
        assert dataset[7]['gt_label'] == 7


def test_wrong_labels_are_in_the_training_set_only(source, tmp_path):
    out = make(source, tmp_path / 'out', '--wrong', '0.3')
    labels = [
        from_idx((out / f'{split}-labels-idx1-ubyte').read_bytes()) for split in ('train', 't10k')
    ]
    wrong, test_wrong = (np.mean(part != np.arange(len(part)) % 10) for part in labels)
    assert 0.2 < wrong < 0.4 and test_wrong == 0
    assert labels[0].max() == 9


def test_second_call_keeps_the_set(source, tmp_path, capsys):
    out = make(source, tmp_path / 'out')
    make(source, out)
    assert 'already contains' in capsys.readouterr().out


def test_missing_package_is_one_sentence(tmp_path):
    with pytest.raises(SystemExit, match=r'install Debian.s package with `apt install dataset-'):
        make(tmp_path / 'nothing', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_damaged_file_is_one_sentence(source, tmp_path):
    path = source / 'train-images-idx3-ubyte.gz'
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-5]))
    with pytest.raises(SystemExit, match='not a whole IDX file'):
        make(source, tmp_path / 'out')


def test_idx_of_any_shape_comes_back():
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert (from_idx(as_idx(array)) == array).all()


@pytest.mark.skipif(not SOURCE.exists(), reason="needs Debian's package")
def test_package_has_60000_images():
    images, labels = make_fashion_mnist.read_split(SOURCE, 'train')
    assert images.shape == (60000, 28, 28)
    assert np.bincount(labels).tolist() == [6000] * 10
