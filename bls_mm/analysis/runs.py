"""Reads the result and the timing of finished runs."""

from pathlib import Path
from statistics import mean, median
from typing import Optional

from mmengine.config import Config

from bls_mm.records.savings import is_number, read_summary
from bls_mm.registry import type_name

from .checkpoints import read_seconds
from .logs import is_training, is_validation, metrics_of, read_lines, read_log

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
        values = [value for name, value in validation.items() if name.rsplit('/', 1)[-1] == metric]
    else:
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


def check_is_readable(name: str, cfg: Config) -> None:
    """Checks that a run will write what :func:`read_result` reads.

    Args:
        name (str): Name of the method, for the message.
        cfg (Config): The config of the run.

    Raises:
        ValueError: If it will not.
    """
    backends = (cfg.get('visualizer') or {}).get('vis_backends')
    if backends and all(type_name(part['type']) != 'LocalVisBackend' for part in backends):
        raise ValueError(
            f'{name} logs without LocalVisBackend, so its metrics cannot be read; add '
            "dict(type='LocalVisBackend') to vis_backends of the visualizer"
        )
    saver = (cfg.get('default_hooks') or {}).get('checkpoint', {})
    if saver is None or saver.get('out_dir'):
        raise ValueError(
            f'{name} saves no checkpoint in its work dir, so its training time cannot '
            'be read; give default_hooks.checkpoint a CheckpointHook without out_dir'
        )
    length = cfg.train_cfg.get('max_epochs') or cfg.train_cfg.get('max_iters')
    begin = cfg.train_cfg.get('val_begin', 1)
    if length is not None and begin > length:
        raise ValueError(
            f'{name} has val_begin={begin} in a run of {length}, so it is never '
            'validated; set a smaller train_cfg.val_begin'
        )


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
    times = [line['time'] for line in lines if is_number(line.get('time')) and is_training(line)]
    if not times:
        raise ValueError(f'{path} contains no iteration times; give the log of a training run')
    return median(times[-NUM_LATEST:])
