"""Writes a file as a whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Callable, Union


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
