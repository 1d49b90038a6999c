"""Reads the result and the timing of finished runs."""

from pathlib import Path
from statistics import mean, median
from typing import Optional

from bls_mm.records.savings import is_number, read_summary

from .checkpoints import read_seconds
from .logs import is_validation, metrics_of, read_lines, read_log

NUM_LATEST = 100  # iterations that count for the time of an iteration: the first ones are slow


def read_result(work_dir: Path, metric: Optional[str] = None) -> dict:
    """Reads the metric, the training time and the savings of a finished run.

    Args:
        work_dir (Path): Work dir of the run.
        metric (str, optional): End of the metric's key in MMEngine's log, such as ``'bbox_mAP'``.
            If several keys match, as with several test sets, their mean is returned. Defaults to
            None, the first metric of the log, as for MMEngine's ``save_best='auto'``.

    Returns:
        dict: ``metric_name``; ``metric``, the value of the last validation; ``seconds``, the sum of
        MMEngine's time of all training iterations, which includes data loading and planning but
        not validation and checkpoints; and, for a run with BLSHook, the content of its
        ``bls_summary.json``.

    Raises:
        FileNotFoundError: If the run is not finished, or was not validated.
        KeyError: If no metric matches.
        ValueError: If its last checkpoint is damaged.
    """
    validation = last_validation(work_dir)
    if metric is None:
        metric = next(iter(validation)).rsplit('/', 1)[-1]
    values = [value for name, value in validation.items() if name.endswith(metric)]
    if not values:
        raise KeyError(f'no metric of {work_dir} ends with {metric!r}: it has {[*validation]}')
    seconds = read_seconds(work_dir)
    if seconds is None:
        raise FileNotFoundError(f'{work_dir} has no checkpoint; train the run to its end')
    return {
        **read_summary(work_dir),
        'metric_name': metric,
        'metric': mean(values),
        'seconds': seconds,
    }


def last_validation(work_dir: Path) -> dict:
    """Returns the metrics of the last validation of a run, also if the run was resumed."""
    validations = [metrics_of(line) for line in read_log(work_dir) if is_validation(line)]
    if not validations:
        raise FileNotFoundError(f'{work_dir} has no finished validation; train the run to its end')
    return validations[-1]


def seconds_per_iteration(log: str) -> float:
    """Reads the time of an iteration, including data loading, from an earlier run.

    Args:
        log (str): Its work dir, or a ``scalars.json`` in it.

    Returns:
        float: Median over the last lines of the newest log, in seconds.

    Raises:
        FileNotFoundError: If there is no such log.
        ValueError: If the log contains no iteration times.
    """
    path = Path(log)
    if not path.is_file():
        found = sorted(path.rglob('scalars.json'), key=lambda file: file.stat().st_mtime)
        if not found:
            raise FileNotFoundError(
                f'no scalars.json found under {log}; give the work dir of a training run'
            )
        path = found[-1]
    lines = read_lines(path)
    times = [line['time'] for line in lines if is_number(line.get('time')) and 'loss' in line]
    if not times:
        raise ValueError(f'{path} contains no iteration times; give the log of a training run')
    return median(times[-NUM_LATEST:])
