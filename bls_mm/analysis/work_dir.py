"""Reads the work dir of a run, finished or still running. Nothing in it is run as code."""

import os
from itertools import islice
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from bls_mm.records import EpochRecord, load_history
from bls_mm.records.savings import FILE_NAME as SUMMARY
from bls_mm.records.savings import read_summary

from .checkpoints import read_seconds
from .literals import parse_config
from .logs import is_training, is_validation, metrics_of, read_log

MAX_LISTED = 10  # epochs without a record


class Run(NamedTuple):
    """The records and logs of a run.

    Attributes:
        work_dir (Path): Its work dir.
        config (dict): Settings of the config that MMEngine dumped there. Empty if there is none.
        config_path (Path, optional): The file of that config.
        history (list[EpochRecord]): One record per epoch. Empty without a ``BLSHook``.
        summary (dict): Numbers of ``bls_summary.json``. Empty without a ``BLSHook``.
        training (list[dict]): The training lines of MMEngine's log.
        metrics (dict[str, float]): Metrics of the last validation.
        seconds (float, optional): Seconds of all training iterations, including data loading, from
            the latest checkpoint.
        missing (tuple[str, ...]): One sentence for each file that is missing or damaged.
    """

    work_dir: Path
    config: dict
    config_path: Optional[Path]
    history: List[EpochRecord]
    summary: dict
    training: List[dict]
    metrics: Dict[str, float]
    seconds: Optional[float]
    missing: Tuple[str, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are finished."""
        return bool(self.history) and self.history[-1].epoch + 1 == self.history[-1].num_epochs

    @property
    def is_partial(self) -> bool:
        """Whether its records say that epochs are missing; a run without BLSHook has none."""
        return bool(self.history) and not self.is_finished

    def curve(self, name: str, epoch_length: Optional[float] = None) -> np.ndarray:
        """Returns a logged number against finished epochs.

        Args:
            name (str): Its name in MMEngine's log, such as ``'lr'``.
            epoch_length (float, optional): Iterations of an epoch, for a run without records.
                Defaults to None.

        Returns:
            np.ndarray: ``(2, n)``, the finished epochs (a fraction within an epoch) and the values.
        """
        lines = [line for line in self.training if isinstance(line.get(name), (int, float))]
        steps = np.array([line['step'] for line in lines], dtype=float)
        values = np.array([line[name] for line in lines], dtype=float)
        return np.stack([self._epochs_at(steps, epoch_length), values])

    def _epochs_at(self, steps: np.ndarray, epoch_length: Optional[float]) -> np.ndarray:
        if not self.history:
            return steps / (epoch_length or max(steps.max(initial=1), 1))
        ends = np.array([record.iteration for record in self.history])
        epochs = np.array([record.epoch + 1.0 for record in self.history])
        if self.history[0].epoch == 0:
            ends, epochs = np.append(0, ends), np.append(0, epochs)
        if len(ends) > 1:  # assume that the current epoch is as long as the last one
            ends = np.append(ends, 2 * ends[-1] - ends[-2])
            epochs = np.append(epochs, epochs[-1] + 1)
        return np.interp(steps, ends, epochs)


def read_run(work_dir: str) -> Run:
    """Reads a work dir. What is damaged counts as missing.

    Args:
        work_dir (str): Work dir of any run of MMEngine.

    Raises:
        FileNotFoundError: If it contains no run.
    """
    folder = Path(work_dir)
    lines = read_log(folder)
    history = load_history(folder)
    if not lines and not history:
        raise FileNotFoundError(
            f'{str(work_dir)!r} contains no run; give the work dir of a training run, the folder '
            'with bls_summary.json and the dated folders of its logs'
        )
    missing = []
    config_path, config, seconds = find_config(folder), {}, None
    try:
        config = {} if config_path is None else parse_config(config_path.read_text('utf-8'))
    except (OSError, ValueError) as error:
        missing.append(f'Settings of {str(config_path)!r}: {error}.')
    try:
        seconds = read_seconds(folder)
    except (OSError, ValueError) as error:
        missing.append(f'Training time: {error}.')
    summary = read_summary(folder)
    if history and not summary:
        missing.append(f'Savings and cost of pruning: {SUMMARY} is missing or damaged.')
    missing += _missing_records(history)
    validations = [metrics_of(line) for line in lines if is_validation(line)]
    return Run(
        work_dir=folder,
        config=config,
        config_path=config_path,
        history=history,
        summary=summary,
        training=[line for line in lines if is_training(line)],
        metrics=validations[-1] if validations else {},
        seconds=seconds,
        missing=tuple(missing),
    )


def find_config(folder: Path) -> Optional[Path]:
    """Returns the newest config that MMEngine dumped into a work dir."""
    paths = [*folder.glob('*.py'), *folder.glob('*/vis_data/config.py')]
    return max(filter(os.path.isfile, paths), key=os.path.getmtime, default=None)


def _missing_records(history: List[EpochRecord]) -> List[str]:
    recorded = {record.epoch for record in history}
    last = max(recorded, default=-1)
    if len(recorded) == last + 1:
        return []
    absent = (str(epoch + 1) for epoch in range(last) if epoch not in recorded)
    first = ', '.join(islice(absent, MAX_LISTED))
    more = ', ...' if last + 1 - len(recorded) > MAX_LISTED else ''
    return [
        f'Epochs {first}{more}: their records are missing, damaged, or of another training set.'
    ]
