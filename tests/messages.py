"""The form of error messages."""

import subprocess
import sys
from functools import lru_cache


def assert_one_sentence(error: BaseException) -> None:
    """Checks that the message of an error is a single line of moderate length."""
    text = error.args[0]
    assert '\n' not in text
    assert len(text) < 330


@lru_cache(maxsize=None)
def import_warnings() -> str:
    """Returns what a process prints when it imports MMEngine: torch 2.4 always shows a warning."""
    command = [sys.executable, '-c', 'import mmengine.runner']
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def without_import_warnings(stderr: str) -> str:
    """Returns the error output of a process without the warnings of importing MMEngine."""
    return stderr.replace(import_warnings(), '') if import_warnings() else stderr
