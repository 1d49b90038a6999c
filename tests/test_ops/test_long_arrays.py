"""Arrays that forked processes share instead of copying."""

import os

import numpy as np
import pytest

from bls_mm.ops.long_arrays import HUGE_PAGE, shared_zeros

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs processes that fork')


def answer_of_fork(question) -> bytes:
    """Returns what a forked process writes to a pipe: the bytes that ``question`` returns."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        os.write(writer, question())
        os._exit(0)
    os.waitpid(process, 0)
    return os.read(reader, 100)


@pytest.mark.parametrize('dtype', [np.float32, np.uint8])
@pytest.mark.parametrize('length', [0, 5, HUGE_PAGE, HUGE_PAGE + 1])
def test_zeros_of_any_length_are_writable(length: int, dtype: type) -> None:
    array = shared_zeros(length, dtype)
    assert array.shape == (length,) and array.dtype == dtype and not array.any()
    array[:] = 3
    assert (array == 3).all()


def test_fork_sees_what_is_written_later() -> None:
    array = shared_zeros(HUGE_PAGE, np.uint8)
    to_child, from_parent = os.pipe()
    to_parent, from_child = os.pipe()
    process = os.fork()
    if process == 0:
        os.read(to_child, 1)  # waits until the parent has written
        os.write(from_child, array[[0, -1]].tobytes())
        os._exit(0)
    array[[0, -1]] = 7, 9
    os.write(from_parent, b'.')
    os.waitpid(process, 0)
    assert os.read(to_parent, 2) == bytes([7, 9])


def test_small_array_is_the_processs_own() -> None:
    array = shared_zeros(5, np.uint8)

    def write() -> bytes:
        array[0] = 1
        return b'.'

    answer_of_fork(write)
    assert array[0] == 0
