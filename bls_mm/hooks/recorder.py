"""Says and writes down what a run does, epoch by epoch."""

import json
import math
import time
from pathlib import Path

import numpy as np
from mmengine.dist import is_main_process

from bls_mm.samplers import BLSSampler
from bls_mm.samplers.state import as_arrays

from .history import forget_from, load_if_whole, path_of, record_epoch, turnover
from .live import show_epoch
from .savings import Savings

TOLERANCE = 0.01  # of target_savings, in samples of the run


class Recorder:
    """Shows the numbers of each epoch, and writes a record of it and a summary of the run.

    On rank 0 only, but for the log. A file that cannot be written is a warning: training goes on.

    Args:
        megabytes (float): Most room that the records of all epochs may take.
    """

    def __init__(self, megabytes: float) -> None:
        number = isinstance(megabytes, (int, float)) and not isinstance(megabytes, bool)
        if not number or not 0 <= megabytes < math.inf:
            raise ValueError(
                f'history_mb must be a number of megabytes, at least 0, but got {megabytes!r}'
            )
        self.megabytes = megabytes

    def begin_epoch(self, runner, sampler: BLSSampler, savings: Savings) -> None:
        """Says what the epoch keeps, and removes the records that it will replace.

        These are of an earlier run, or of one that went further than its checkpoint.

        Args:
            runner (Runner): The runner.
            sampler (BLSSampler): It has planned the epoch.
            savings (Savings): Counts so far.
        """
        runner.logger.info(
            f'BLS: epoch {sampler.epoch + 1} keeps {sampler.num_kept:,} of '
            f'{len(sampler.dataset):,} samples ({1 - sampler.kept_ratio:.1%} pruned), mean weight '
            f'{sampler.mean_weight:.2f}; saved so far {savings.pruned:.1%} of '
            f'{savings.samples_unpruned:,} samples'
        )
        for name, value in (
            ('kept_ratio', sampler.kept_ratio),
            ('mean_weight', sampler.mean_weight),
            ('saved_ratio', savings.pruned),
        ):
            runner.message_hub.update_scalar(f'train/bls/{name}', value)
        if is_main_process():
            self._write(runner, 'the records', lambda: forget_from(runner.work_dir, sampler.epoch))

    def end_epoch(self, runner, sampler: BLSSampler, savings: Savings) -> None:
        """Writes record and summary, and counts the time that it took.

        Args:
            runner (Runner): The runner.
            sampler (BLSSampler): Its state is gathered.
            savings (Savings): Counts so far; the seconds are added.
        """
        if not is_main_process():
            return
        start = time.perf_counter()
        state = as_arrays(sampler.state_dict())
        record = record_epoch(sampler, state, runner.iter, self.megabytes)
        before = load_if_whole(path_of(runner.work_dir, sampler.epoch - 1))
        scalars = {
            'bls/turnover': turnover(before, record),
            'bls/score_mean': float(state['scorer']['scores'].mean(dtype=np.float64)),
            'bls/pruning_seconds': savings.pruning_seconds,
        }
        histograms = {'bls/scores': record.scores, 'bls/visits': state['scorer']['visits']}
        show_epoch(runner.visualizer, scalars, histograms, step=runner.iter)
        self._write(runner, 'the record', lambda: record.save(Path(runner.work_dir)))
        seconds = time.perf_counter() - start
        savings.recording_seconds += seconds
        savings.training_seconds += seconds
        text = json.dumps(savings.as_dict(), indent=2) + '\n'
        path = Path(runner.work_dir) / 'bls_summary.json'
        self._write(runner, 'the summary', lambda: path.write_text(text))

    def end_run(self, runner, sampler: BLSSampler, savings: Savings) -> None:
        """Says what the run saved, and warns if that is not what was asked for.

        Args:
            runner (Runner): The runner.
            sampler (BLSSampler): The sampler.
            savings (Savings): Counts of the run.
        """
        runner.logger.info(savings.as_sentence())
        target = getattr(sampler.pruner, 'target_savings', None)
        if target is not None and abs(savings.pruned - target) > TOLERANCE:
            runner.logger.warning(
                f'BLS: target_savings={target} asked for {target:.1%} pruned, but '
                f'{savings.pruned:.1%} were: guards kept more, or the run ended within an epoch or '
                'before the last one'
            )

    def _write(self, runner, what: str, write) -> None:
        try:
            write()
        except OSError as error:
            runner.logger.warning(
                f'BLS: {what} could not be written ({error}); training goes on, and a report will '
                'lack it'
            )
