"""Reads checkpoints as data: nothing in them is run."""

import os
from pathlib import Path
from typing import Optional, Union

import numpy as np
import torch
from mmengine.utils import digit_version

from bls_mm.compat import allow_mmengine_checkpoints


def read_checkpoint(path: Union[str, Path]) -> dict:
    """Reads a checkpoint of MMEngine.

    Args:
        path (str or Path): The file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, or contains more than data.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f'there is no checkpoint {str(path)!r}')
    allow_mmengine_checkpoints()
    try:
        checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # torch has many errors for a damaged file
        advice = '' if _can_read() else '; reading MMEngine checkpoints needs torch 2.6'
        raise ValueError(
            f'the checkpoint {str(path)!r} is damaged, or contains more than the data that '
            f'MMEngine saves ({type(error).__name__}){advice}'
        ) from error
    if not isinstance(checkpoint, dict):
        raise ValueError(f'{str(path)!r} is not a checkpoint of MMEngine')
    return checkpoint


def check_torch(command: str) -> None:
    """Checks that checkpoints can be read, for a command that reads them only after a training.

    Raises:
        RuntimeError: If torch is older than 2.6.
    """
    if not _can_read():
        raise RuntimeError(
            f'{command} needs torch 2.6 or later, to read checkpoints of MMEngine, but torch '
            f'{torch.__version__} is installed'
        )


def find_checkpoint(path: Union[str, Path]) -> Path:
    """Returns a checkpoint: the file itself, or the latest one of a work dir.

    Args:
        path (str or Path): A checkpoint, or the work dir of a run.

    Raises:
        FileNotFoundError: If there is no such file, or the work dir has no checkpoint.
    """
    path = Path(path)
    if not path.is_dir():
        if not path.is_file():
            raise FileNotFoundError(f'there is no checkpoint {str(path)!r}')
        return path
    named = path / 'last_checkpoint'
    if named.is_file():  # only its name counts: the work dir may have been moved
        last = path / Path(named.read_bytes().decode('utf-8', 'replace').strip()).name
        if last.is_file():
            return last
    found = [file for file in path.glob('*.pth') if file.stem.startswith(('epoch_', 'iter_'))]
    if not found:
        raise FileNotFoundError(
            f'the folder {str(path)!r} has no checkpoint; name a checkpoint, or the work dir of a '
            'run that has saved one'
        )
    return max(found, key=os.path.getmtime)


def read_seconds(work_dir: Path) -> Optional[float]:
    """Reads the seconds of all training iterations from the latest checkpoint.

    Args:
        work_dir (Path): Work dir of a run.

    Returns:
        float or None: None if there is no checkpoint, or it does not contain the seconds.

    Raises:
        ValueError: If the checkpoint, or the file that names it, is damaged.
    """
    last = work_dir / 'last_checkpoint'
    if not os.path.isfile(last):
        return None
    # Only its name counts: the work dir may have been moved.
    name = Path(last.read_bytes().decode('utf-8', 'replace').strip()).name
    if not name:
        raise ValueError(f'{str(last)!r} is empty')
    if not os.path.isfile(work_dir / name):
        return None
    checkpoint = read_checkpoint(work_dir / name)
    try:
        times = checkpoint['message_hub']['log_scalars'].get('train/time')
        return None if times is None else float(np.sum(times.data[0]))
    except Exception as error:  # any content
        raise ValueError(
            f'the checkpoint {str(work_dir / name)!r} has no log of MMEngine '
            f'({type(error).__name__})'
        ) from error


def _can_read() -> bool:
    return digit_version(torch.__version__) >= digit_version('2.6')
