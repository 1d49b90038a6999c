"""What data makers share: a set appears whole or not at all, and is made once."""

import argparse
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import Pool
from pathlib import Path

import cv2
from tqdm import tqdm

STAMP = 'stamp.json'


def whole_number(at_least: int) -> Callable[[str], int]:
    """An argparse type: a whole number with a lower limit."""

    def parse(text: str) -> int:
        if not text.lstrip('-').isdecimal() or int(text) < at_least:
            raise argparse.ArgumentTypeError(
                f'a whole number of at least {at_least} is needed, not {text!r}'
            )
        return int(text)

    return parse


def fingerprint() -> str:
    """Digest of the data makers' source, so that a change to them makes their sets anew."""
    sources = sorted(Path(__file__).parent.glob('*.py'))
    return hashlib.sha256(b''.join(source.read_bytes() for source in sources)).hexdigest()[:16]


def make_once(folder: Path, arguments: dict, make: Callable[[Path], None]) -> bool:
    """Makes a set in ``folder`` unless the same set is there already.

    The set grows in a temporary folder beside it and is renamed when complete, so an interruption leaves no half set.

    Args:
        folder: Where the set belongs. A set made with other arguments is replaced.
        arguments: What decides the content of the set, as JSON can hold it.
        make: Writes the set into the empty folder that it is given.

    Returns:
        bool: Whether the set was made.

    Raises:
        SystemExit: If ``folder`` holds something that is no set of ours, or cannot be written.
    """
    stamp = {**arguments, 'made_by': fingerprint()}
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        if not (folder / STAMP).is_file():
            raise SystemExit(
                f"'{folder}' exists and was not made by this tool; name another folder, or move it away."
            )
        if json.loads((folder / STAMP).read_text()) == stamp:
            return False
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        workplace = tempfile.TemporaryDirectory(prefix=f'.{folder.name}-', dir=folder.parent)
    except OSError as error:
        raise SystemExit(
            f"'{folder.parent}' cannot be written ({error.strerror}); name another folder."
        ) from None
    with workplace as work:
        new, old = Path(work) / 'new', Path(work) / 'old'
        new.mkdir()
        make(new)
        (new / STAMP).write_text(json.dumps(stamp, indent=2) + '\n')
        if folder.exists():
            os.rename(folder, old)
        os.rename(new, folder)
    return True


def parallel_map(
    function: Callable, items: Iterable, processes: int, description: str
) -> Iterator:
    """Results of ``function`` in the order of ``items``, computed by several processes, with a progress bar."""
    items = list(items)
    bar = dict(total=len(items), desc=description, unit=' images', disable=None)
    # OpenCV's own threads would compete with the processes.
    with Pool(processes, initializer=cv2.setNumThreads, initargs=(0,)) as pool:
        yield from tqdm(pool.imap(function, items, chunksize=16), **bar)
