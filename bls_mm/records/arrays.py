"""Reads and writes arrays in an ``.npz`` file."""

import os
import zipfile
from pathlib import Path
from typing import Any, Dict, Iterable, Mapping

import numpy as np

from .atomic import write_atomically


def write_arrays(path: Path, arrays: Mapping[str, Any], compress: bool = False) -> None:
    """Writes arrays and numbers atomically, in the format of :func:`numpy.savez`.

    Args:
        path (Path): The file.
        arrays (mapping): Name to array or number.
        compress (bool): Whether to compress them. Defaults to False.

    Raises:
        OSError: If the file cannot be written.
    """
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED

    def write(file) -> None:
        # numpy.savez leaves its archive open if the disk is full, and writes when it is freed.
        with zipfile.ZipFile(file, 'w', method) as archive:
            for name, array in arrays.items():
                with archive.open(f'{name}.npy', 'w', force_zip64=True) as entry:
                    np.lib.format.write_array(entry, np.asanyarray(array), allow_pickle=False)

    write_atomically(path, write)


def read_arrays(path: Path, names: Iterable[str]) -> Dict[str, np.ndarray]:
    """Reads some arrays of an ``.npz`` file.

    Args:
        path (Path): The file.
        names (iterable[str]): Names of the arrays.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or lacks an array.
    """
    if not os.path.isfile(path):  # a named pipe would block
        raise FileNotFoundError(f'there is no file {str(path)!r}')
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in names}
    except Exception as error:  # zipfile, zlib and numpy have many errors for a damaged file
        raise ValueError(
            f'{str(path)!r} is damaged or has another format ({type(error).__name__}: {error})'
        ) from error
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError(f'{str(path)!r} contains something other than arrays')
    return arrays
