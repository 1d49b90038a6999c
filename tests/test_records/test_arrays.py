import gc
import resource

import numpy as np
import pytest

from bls_mm.records.arrays import read_arrays, write_arrays


@pytest.mark.parametrize('compress', [False, True])
def test_arrays_are_read_as_written(tmp_path, compress):
    path = tmp_path / 'a.npz'
    write_arrays(path, dict(a=np.arange(6.0).reshape(2, 3), b=5), compress)
    read = read_arrays(path, ['b', 'a'])
    np.testing.assert_array_equal(read['a'], [[0, 1, 2], [3, 4, 5]])
    assert read['b'].item() == 5
    with np.load(path) as file:
        assert sorted(file) == ['a', 'b']


@pytest.mark.filterwarnings('error')  # of numpy.savez, whose archive writes again when it is freed
def test_full_disk_raises_and_leaves_nothing(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        with pytest.raises(OSError):
            write_arrays(tmp_path / 'a.npz', dict(a=np.zeros(1 << 20), b=1))
        gc.collect()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_objects_are_not_pickled(tmp_path):
    with pytest.raises(ValueError, match='Object arrays cannot be saved'):
        write_arrays(tmp_path / 'a.npz', dict(a=np.array([{}])))


@pytest.mark.parametrize('content', [b'', b'PK', b'text', b'\x80\x02}.'])
def test_damaged_file_raises_one_sentence(tmp_path, content):
    (tmp_path / 'a.npz').write_bytes(content)
    with pytest.raises(ValueError, match='is damaged or has another format'):
        read_arrays(tmp_path / 'a.npz', ['a'])


def test_missing_array_and_missing_file_raise(tmp_path):
    write_arrays(tmp_path / 'a.npz', dict(a=1))
    with pytest.raises(ValueError, match='KeyError'):
        read_arrays(tmp_path / 'a.npz', ['b'])
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / 'b.npz', ['a'])
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path, ['a'])
