"""What data makers share: a set appears whole or not at all, and once; errors are one sentence."""

import argparse
import hashlib
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import Pool
from pathlib import Path

import cv2
from rich.progress import track

STAMP = 'made_with.json'


def whole_number(least: int) -> Callable[[str], int]:
    """An argparse type: a whole number from ``least``."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f'{text!r} is not a whole number from {least}.')
        return int(text)

    return parse


def share(text: str) -> float:
    """An argparse type: a number from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = None
    if number is None or not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f'{text!r} is not a number from 0 to 1.')
    return number


@contextmanager
def plain_errors(tool: str) -> Iterator[None]:
    """Ends the program with one sentence where a user's folder or key is the cause."""
    try:
        yield
    except OSError as error:
        sys.exit(f'{tool}: {error}')
    except KeyboardInterrupt:
        sys.exit(f'{tool}: interrupted; nothing was written.')


def fingerprint() -> str:
    """Digest of the data makers' source, so that a change to them makes their sets anew."""
    sources = sorted(Path(__file__).parent.glob('*.py'))
    return hashlib.sha256(b''.join(source.read_bytes() for source in sources)).hexdigest()


def make_once(folder: Path, arguments: dict, make: Callable[[Path], None]) -> bool:
    """Makes a data set in ``folder``, unless the same set is there already.

    The set grows in a temporary folder beside it and is renamed when complete, so that an
    interruption leaves no half set.

    Args:
        folder: Where the set belongs. It may exist only if this function made it; then it is
            replaced.
        arguments: What decides the content of the set, in the types of JSON.
        make: Writes the set into the empty folder that it is given.

    Returns:
        bool: Whether the set was made.

    Raises:
        FileExistsError: ``folder`` holds something else.
    """
    stamp = {**arguments, 'code': fingerprint()}
    folder = folder.absolute()
    if folder.exists() and not (folder / STAMP).is_file():
        raise FileExistsError(
            f"'{folder}' exists and is no data set of this tool: give --out another folder, "
            'or remove this one.'
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
    """One thread for each process; an interruption is the main process's to handle."""
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def parallel_map(function: Callable, items: Sequence, processes: int, description: str) -> Iterator:
    """Results in the order of ``items``, computed by several processes, with a progress bar."""
    with Pool(processes, set_up_worker) as pool:
        results = pool.imap(function, items, chunksize=16)
        yield from track(results, description, total=len(items))
