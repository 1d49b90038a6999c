"""Files are written as a whole or not at all, and arrays are read as written."""

import errno
import gc
import os
import resource
import stat

import numpy as np
import pytest

from bls_mm.records.files import read_arrays, write_arrays, write_atomically, write_text


def content_of(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_writes_and_replaces(tmp_path):
    path = tmp_path / 'new' / 'a.txt'
    write_text(path, 'one')
    write_text(path, 'two')
    assert content_of(path.parent) == {'a.txt': 'two'}


def test_mode_follows_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        write_text(tmp_path / 'a.txt', '')
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / 'a.txt').stat().st_mode) == 0o640


@pytest.mark.parametrize(
    'error', [OSError(errno.ENOSPC, 'full'), KeyboardInterrupt(), ValueError()]
)
def test_error_keeps_the_old_file_and_leaves_no_part(tmp_path, error):
    write_text(tmp_path / 'a.txt', 'old')

    def write(file):
        file.write(b'new')
        file.flush()
        assert (tmp_path / 'a.txt').read_text() == 'old'
        raise error

    with pytest.raises(type(error)):
        write_atomically(tmp_path / 'a.txt', write)
    assert content_of(tmp_path) == {'a.txt': 'old'}


def test_file_that_grows_too_large_leaves_no_part(tmp_path):
    write_text(tmp_path / 'a.txt', 'old')
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        with pytest.raises(OSError):
            write_text(tmp_path / 'a.txt', 'x' * (1 << 17))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert content_of(tmp_path) == {'a.txt': 'old'}


def test_part_of_a_killed_process_is_replaced(tmp_path):
    (tmp_path / 'a.txt.part').write_text('half')
    write_text(tmp_path / 'a.txt', 'new')
    assert content_of(tmp_path) == {'a.txt': 'new'}


def test_link_at_the_part_is_not_followed(tmp_path):
    (tmp_path / 'other').write_text('keep')
    (tmp_path / 'a.txt.part').symlink_to(tmp_path / 'other')
    write_text(tmp_path / 'a.txt', 'new')
    assert content_of(tmp_path) == {'a.txt': 'new', 'other': 'keep'}


@pytest.mark.parametrize('name', ['a.txt', 'a.txt.part'])
def test_directory_in_place_of_a_file_raises_and_stays(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(OSError):
        write_text(tmp_path / 'a.txt', 'new')
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_text_that_has_no_encoding_is_replaced(tmp_path):
    write_text(tmp_path / 'a.txt', 'a\ud800b é')
    assert (tmp_path / 'a.txt').read_text('utf-8') == 'a?b é'


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
