"""Where a command writes: next to the run, and never over another one."""

from pathlib import Path
from typing import Optional

from bls_mm.records.savings import FILE_NAME as SUMMARY


def output_path(run: Path, out: Optional[Path], name: str) -> Path:
    """Returns the file that a command writes about a run.

    Args:
        run (Path): Work dir of the run.
        out (Path, optional): The file that the user named.
        name (str): Its default name, in the work dir of the run.

    Raises:
        FileExistsError: If the file exists in the work dir of another run.
        IsADirectoryError: If it is a folder.
    """
    path = run / name if out is None else Path(out)
    if path.is_dir():
        raise IsADirectoryError(f'--out {str(path)!r} is a folder; give a file, such as {name}')
    folder = path.parent.resolve()
    if path.is_file() and folder != run.resolve() and contains_run(folder):
        raise FileExistsError(f'{str(path)!r} belongs to another run; give another --out')
    return path


def contains_run(folder: Path) -> bool:
    """Whether a folder is the work dir of a run that has saved something."""
    return any((folder / name).exists() for name in (SUMMARY, 'last_checkpoint', 'bls'))


def verb_for(path: Path) -> str:
    """Returns the verb for the message about a file. Call it before you write the file."""
    return 'replaced' if path.is_file() else 'wrote'
