"""The records of a run: one file for each epoch, in the folder ``bls`` of its work dir."""

import os
import re
from pathlib import Path
from typing import Dict, List, Optional

from .epoch_record import EpochRecord
from .files import read_arrays, write_arrays

FOLDER = 'bls'
RECORD_NAME = re.compile(r'epoch_([1-9][0-9]*)\.npz')
# Of a process that was killed while it wrote; version 0.1 left out the suffix.
PART_NAME = re.compile(r'epoch_[1-9][0-9]*(\.npz)?\.part')


def path_of(work_dir: Path, epoch: int) -> Path:
    """Returns the path of an epoch's record. File names count epochs from 1, as the log does."""
    return Path(work_dir) / FOLDER / f'epoch_{epoch + 1}.npz'


def save_record(work_dir: Path, record: EpochRecord) -> None:
    """Writes a record atomically.

    Raises:
        OSError: If it cannot be written.
    """
    write_arrays(path_of(work_dir, record.epoch), record._asdict())


def load_record(work_dir: Path, epoch: int) -> Optional[EpochRecord]:
    """Reads the record of an epoch.

    Returns:
        EpochRecord or None: None if the file is missing, damaged, or not the record of this epoch.
    """
    try:
        values = read_arrays(path_of(work_dir, epoch), EpochRecord._fields)
    except (OSError, ValueError):
        return None
    record = EpochRecord(**{name: v if v.ndim else v.item() for name, v in values.items()})
    return record if record.is_consistent and record.epoch == epoch else None


def load_history(work_dir: Path) -> List[EpochRecord]:
    """Reads the records of a run in order of epochs. Files with other names are ignored.

    If the data set changed its length during the run, only the records of the last length count.
    """
    found = [load_record(work_dir, epoch) for epoch in sorted(record_paths(work_dir))]
    records = [record for record in found if record is not None]
    return [record for record in records if record.num_samples == records[-1].num_samples]


def delete_from(work_dir: Path, epoch: int) -> None:
    """Deletes the records of ``epoch`` and later epochs, and files left by a killed process.

    They belong to an earlier run, or to a run that went further than the checkpoint it resumes.
    It lists the whole folder: call it once per run.

    Raises:
        OSError: If some of them cannot be deleted, after all others have been.
    """
    paths = [path for number, path in record_paths(work_dir).items() if number >= epoch]
    paths += [path for path in _files(work_dir) if PART_NAME.fullmatch(path.name)]
    errors = []
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def record_paths(work_dir: Path) -> Dict[int, Path]:
    """Returns the epoch, from 0, and the path of each file that is named like a record."""
    matches = ((RECORD_NAME.fullmatch(path.name), path) for path in _files(work_dir))
    return {int(match[1]) - 1: path for match, path in matches if match}


def _files(work_dir: Path) -> List[Path]:
    # os.path.isfile is False, not an error, in a folder that may not be searched.
    return [path for path in (Path(work_dir) / FOLDER).glob('epoch_*') if os.path.isfile(path)]
