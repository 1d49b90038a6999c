"""Functions that the data makers share: argument types, errors, atomic writes, processes."""

import argparse
import hashlib
import json
import signal
import sys
import tempfile
from contextlib import contextmanager
from multiprocessing import Pool
from pathlib import Path
from typing import Callable, Iterable, Iterator, Sequence

import cv2
from rich.progress import track

STAMP = 'made_with.json'


def make_parser(doc: str) -> argparse.ArgumentParser:
    """Returns the parser of a maker, with its first paragraph as the description."""
    return argparse.ArgumentParser(
        description=doc.split('\n\n')[0],
        allow_abbrev=False,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )


def whole_number(least: int) -> Callable[[str], int]:
    """Returns an argparse type for integers of at least ``least``."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f'{text!r} is not an integer of at least {least}.')
        return int(text)

    return parse


def fraction(text: str) -> float:
    """Parses a number in [0, 1]; an argparse type."""
    try:
        number = float(text)
    except ValueError:
        number = None
    if number is None or not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f'{text!r} is not a number between 0 and 1.')
    return number


@contextmanager
def plain_errors(tool: str) -> Iterator[None]:
    """Ends the program with one sentence on errors of files, and on Ctrl+C."""
    try:
        yield
    except OSError as error:
        sys.exit(f'{tool}: {error}')
    except KeyboardInterrupt:
        sys.exit(f'{tool}: interrupted; nothing was written.')


def fingerprint(files: Iterable[Path]) -> str:
    """Returns a digest of the content of files, in their order."""
    return hashlib.sha256(b''.join(path.read_bytes() for path in files)).hexdigest()


def make_once(folder: Path, arguments: dict, make: Callable[[Path], None]) -> bool:
    """Makes a data set in ``folder``, unless it already contains the same data set.

    The data set is written to a temporary folder and renamed when it is complete, so that an
    interruption leaves no partial data set. A change of the makers' source makes it again.

    Args:
        folder (Path): Folder of the data set. If it exists, it must be a data set made by this
            function, which is replaced.
        arguments (dict): Everything that determines the data set, in JSON types.
        make (Callable): Writes the data set into an empty folder.

    Returns:
        bool: Whether the data set was made.

    Raises:
        FileExistsError: If ``folder`` contains something else.
    """
    sources = sorted(Path(__file__).parent.glob('*.py'))
    stamp = {**arguments, 'code': fingerprint(sources)}
    folder = folder.absolute()
    if folder.exists() and not (folder / STAMP).is_file():
        raise FileExistsError(
            f"'{folder}' exists and is not a data set of this tool; give another folder with "
            '--out, or delete this one.'
        )
    if folder.exists() and json.loads((folder / STAMP).read_text()) == stamp:
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{folder.name}-', dir=folder.parent) as workshop:
        new = Path(workshop) / 'new'
        new.mkdir()
        make(new)
        (new / STAMP).write_text(json.dumps(stamp, indent=2) + '\n')
        if folder.exists():
            folder.rename(Path(workshop) / 'old')
        new.rename(folder)
    return True


def set_up_worker() -> None:
    """Limits a worker to one thread, and leaves Ctrl+C to the main process."""
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def parallel_map(function: Callable, items: Sequence, processes: int, description: str) -> Iterator:
    """Yields results in the order of ``items``, from several processes, with a progress bar."""
    with Pool(processes, set_up_worker) as pool:
        results = pool.imap(function, items, chunksize=16)
        yield from track(results, description, total=len(items))
