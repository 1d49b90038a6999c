"""Ends a command with one sentence instead of a traceback."""

import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional
from urllib.error import URLError

from mmengine.dist import get_rank

from bls_mm.analysis.text import describe_error

PACKAGE = str(Path(__file__).parents[1])
INTERRUPTED = 130  # exit status of a program that Ctrl+C ended


@contextmanager
def plain_errors(debug: bool, log_folder: Optional[str] = None, advice: str = '') -> Iterator[None]:
    """Ends the program with one sentence on an error, and on Ctrl+C.

    Args:
        debug (bool): Whether errors pass with their traceback.
        log_folder (str, optional): Folder of a file for the traceback, used if it exists. Defaults
            to None, the traceback is not kept.
        advice (str): What the user can do after Ctrl+C. Defaults to nothing.

    Raises:
        SystemExit: With the sentence.
    """
    try:
        yield
    except (KeyboardInterrupt, Exception) as error:
        if debug:
            raise
        if was_interrupted(error):
            print(f'interrupted{advice}', file=sys.stderr)
            raise SystemExit(INTERRUPTED) from None
        sentence = describe(error)
        if log_folder is not None and Path(log_folder).is_dir():
            sentence += f' (traceback: {keep_traceback(Path(log_folder))})'
        raise SystemExit(sentence) from error


def was_interrupted(error: Optional[BaseException]) -> bool:
    """Whether Ctrl+C caused an error, such as that of a file which torch was writing."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def describe(error: Exception) -> str:
    """Returns one line about an error; an error that this package raised explains itself."""
    inner = error.__context__
    if isinstance(inner, TypeError) and str(error).startswith(f'{inner} in <'):
        error = inner  # MMEngine 0.10.7 appends the hook that raised it
    frames = traceback.extract_tb(error.__traceback__)
    if frames and frames[-1].filename.startswith(PACKAGE) and error.args:
        message = error.args[0] if len(error.args) == 1 else error
        return ' '.join(str(message).split())
    if isinstance(error, FileNotFoundError) and error.filename:
        return (
            f'the file {error.filename!r} is missing; check the paths of the config, such as '
            'data_root and ann_file'
        )
    if isinstance(error, URLError):
        return (
            f'a download failed ({error.reason}); without a network, remove the pretrained weights '
            'from the config, for example with --cfg-options model.backbone.init_cfg=None'
        )
    return describe_error(error)


def keep_traceback(folder: Path) -> Path:
    """Writes the traceback of the present error into a new file, and returns its path."""
    rank = get_rank()
    name = time.strftime('error_%Y%m%d_%H%M%S') + (f'_rank{rank}' if rank else '') + '.log'
    path = folder / name
    path.write_text(traceback.format_exc(), 'utf-8', 'replace')
    return path
