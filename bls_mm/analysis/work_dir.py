"""Reads what a run has written, finished or still going."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional

import numpy as np
from mmengine.config import Config

from bls_mm.hooks.history import EpochRecord, load_history

NO_METRICS = ('time', 'data_time', 'step', 'epoch', 'iter')


class Run(NamedTuple):
    """What a run has written so far.

    Attributes:
        work_dir (Path): Its work dir.
        config (Config, optional): The config that MMEngine dumped there.
        history (list[EpochRecord]): A record of each epoch; empty without a ``BLSHook``.
        summary (dict): Content of ``bls_summary.json``; empty without a ``BLSHook``.
        training (list[dict]): MMEngine's log of training, a line every so many iterations.
        metrics (dict[str, float]): Result of the latest validation.
        seconds (float, optional): Time of all training iterations, data loading included, from the
            latest checkpoint.
    """

    work_dir: Path
    config: Optional[Config]
    history: List[EpochRecord]
    summary: dict
    training: List[dict]
    metrics: Dict[str, float]
    seconds: Optional[float]

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done."""
        return bool(self.history) and self.history[-1].epoch + 1 == self.history[-1].num_epochs

    def curve(self, name: str, epoch_length: Optional[float] = None) -> np.ndarray:
        """Returns a logged number against progress.

        Args:
            name (str): Its name in MMEngine's log, such as ``'lr'``.
            epoch_length (float, optional): Iterations of an epoch, for a run without records.
                Defaults to None.

        Returns:
            np.ndarray: ``(2, n)``: epochs done, and values.
        """
        lines = [line for line in self.training if name in line]
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
        if len(ends) > 1:  # the epoch that is going on is taken to be as long as the last one
            ends = np.append(ends, 2 * ends[-1] - ends[-2])
            epochs = np.append(epochs, epochs[-1] + 1)
        return np.interp(steps, ends, epochs)


def read_run(work_dir: str) -> Run:
    """Reads a work dir.

    Args:
        work_dir (str): Of any run of MMEngine.

    Raises:
        FileNotFoundError: If it holds no run.
    """
    folder = Path(work_dir)
    lines = read_log(folder)
    history = load_history(folder)
    if not lines and not history:
        raise FileNotFoundError(
            f'{str(work_dir)!r} holds no run; name the work dir of a training, the folder that '
            'has bls_summary.json and the dated folders of its logs'
        )
    summary = folder / 'bls_summary.json'
    training = [line for line in lines if 'loss' in line]
    validations = [metrics_of(line) for line in lines if is_validation(line)]
    return Run(
        work_dir=folder,
        config=_read_config(folder),
        history=history,
        summary=json.loads(summary.read_text()) if summary.exists() else {},
        training=training,
        metrics=validations[-1] if validations else {},
        seconds=read_seconds(folder),
    )


def read_log(folder: Path) -> List[dict]:
    """Reads MMEngine's logs of a work dir in order; a resumed run replaces what it does again."""
    lines: List[dict] = []
    latest = 0  # iteration; two runs that began in the same second share a file
    for path in sorted(folder.glob('*/vis_data/scalars.json')):
        for line in read_lines(path):
            if {'loss', 'lr'} <= line.keys():
                if line['step'] <= latest:
                    lines = [
                        old for old in lines if 'loss' not in old or old['step'] < line['step']
                    ]
                latest = line['step']
            lines.append(line)
    return lines


def read_lines(path: Path) -> Iterator[dict]:
    """Yields the lines of a log of MMEngine, but for one that is cut off."""
    for text in path.read_text().splitlines():
        with suppress(json.JSONDecodeError):  # being written, or killed while it was
            yield json.loads(text)


def is_validation(line: dict) -> bool:
    """Whether a line of the log is of a validation, and neither of training nor of BLSHook."""
    return not {'loss', 'lr'} & set(line) and not any(name.startswith('bls/') for name in line)


def metrics_of(line: dict) -> Dict[str, float]:
    """Returns the metrics of a validation."""
    return {name: value for name, value in line.items() if name not in NO_METRICS}


def _read_config(folder: Path) -> Optional[Config]:
    paths = [*folder.glob('*.py'), *folder.glob('*/vis_data/config.py')]
    if not paths:
        return None
    # Dumped whole: nothing in it needs another file.
    return Config.fromfile(max(paths, key=lambda path: path.stat().st_mtime))


def read_seconds(folder: Path) -> Optional[float]:
    """Reads how long all training iterations took, from the latest checkpoint; None without one."""
    import torch

    from bls_mm.compat import allow_mmengine_checkpoints

    last = folder / 'last_checkpoint'
    if not last.exists():
        return None
    path = folder / Path(last.read_text()).name  # the folder may have been moved
    if not path.exists():
        return None
    allow_mmengine_checkpoints()
    checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    times = checkpoint['message_hub']['log_scalars'].get('train/time')
    return None if times is None else float(np.sum(times.data[0]))
