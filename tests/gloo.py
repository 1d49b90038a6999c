"""The end of a process that belongs to a group of gloo."""

import os
import sys
from typing import NoReturn


def leave() -> NoReturn:
    """Ends this process at once, without the clean-up of Python.

    A thread of gloo may still hold a tensor when Python ends. It then needs Python to free the
    tensor, and the process aborts with "terminate called without an active exception". To destroy
    the group first is no way out: torch 2.0 may deadlock there, because it holds the GIL while it
    joins a thread that needs the GIL.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
