"""Reads and writes files of text, JSON and arrays. A file appears as a whole or not at all."""

import json
import os
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Callable, Dict, Iterable, Mapping, Union

import numpy as np


def write_atomically(path: Union[str, Path], write: Callable[[BinaryIO], object]) -> None:
    """Writes a file so that a reader sees the old content or the new one, never a part.

    The content goes into a file beside it, which then replaces it. An error removes that file, so
    that it does not fill a disk that is already full. One process at a time may write a path.

    Args:
        path (str or Path): The file. Its folder is created.
        write (Callable): Writes the content into an open binary file.

    Raises:
        OSError: If the file cannot be written.
    """
    path = Path(path)
    part = path.with_name(f'{path.name}.part')
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        part.unlink(missing_ok=True)  # of a process that was killed
        with part.open('xb') as file:  # x: do not write through a link
            write(file)
        os.replace(part, path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_text(path: Union[str, Path], text: str) -> None:
    """Writes a text file atomically, as UTF-8. A question mark replaces what has no encoding."""
    content = text.encode('utf-8', 'replace')
    write_atomically(path, lambda file: file.write(content))


def write_json(path: Path, content: Any) -> None:
    """Writes a JSON file atomically."""
    write_text(path, json.dumps(content, indent=2) + '\n')


def read_json(path: Path) -> dict:
    """Reads a JSON file that contains an object.

    Returns:
        dict: The object. Empty if the file is missing, damaged, or contains something else.
    """
    try:
        content = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


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
