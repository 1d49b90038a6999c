"""What a finished run came to, read from what MMEngine and BLSHook wrote."""

import json
from pathlib import Path
from statistics import mean
from typing import Optional

from .work_dir import is_validation, metrics_of, read_log, read_seconds


def read_result(work_dir: Path, metric: Optional[str] = None) -> dict:
    """Reads metric, seconds and savings of a finished run.

    Args:
        work_dir (Path): Work dir of the run.
        metric (str, optional): End of the metric's keys in MMEngine's log, such as ``'bbox_mAP'``;
            if several keys end so, as with several test sets, their mean counts. Defaults to None,
            the first metric of the log, as for MMEngine's ``save_best='auto'``.

    Returns:
        dict: ``metric_name``; ``metric``, of the last validation; ``seconds``, the sum of
        MMEngine's own time of each training iteration, data loading and planning included,
        validation and checkpoints not; and, of a run with BLSHook, what its ``bls_summary.json``
        says.

    Raises:
        FileNotFoundError: If the run was not finished, or not validated.
        KeyError: If it has no such metric.
    """
    validation = last_validation(work_dir)
    if metric is None:
        metric = next(iter(validation)).rsplit('/', 1)[-1]
    values = [value for name, value in validation.items() if name.endswith(metric)]
    if not values:
        raise KeyError(f'no metric of {work_dir} ends with {metric!r}: it has {[*validation]}')
    seconds = read_seconds(work_dir)
    if seconds is None:
        raise FileNotFoundError(f'{work_dir} has no checkpoint; train it to its end')
    summary = work_dir / 'bls_summary.json'
    return {
        **(json.loads(summary.read_text()) if summary.exists() else {}),
        'metric_name': metric,
        'metric': mean(values),
        'seconds': seconds,
    }


def last_validation(work_dir: Path) -> dict:
    """Returns the metrics of the last validation of a run, however often it was resumed."""
    validations = [metrics_of(line) for line in read_log(work_dir) if is_validation(line)]
    if not validations:
        raise FileNotFoundError(f'{work_dir} has no finished validation; train it to its end')
    return validations[-1]
