"""Logs what each epoch keeps, and writes its record and the summary of the run."""

import math
import time
from typing import Callable, Optional, Tuple

from mmengine.dist import is_main_process
from mmengine.visualization import LocalVisBackend

from bls_mm.checks import is_number
from bls_mm.records.epoch_record import record_epoch, turnover
from bls_mm.records.history import delete_from, load_record, save_record
from bls_mm.records.savings import Savings, write_summary
from bls_mm.samplers import BLSSampler
from bls_mm.samplers.sampler_state import unpack

from .visualizer import show_histograms, show_scalars

TOLERANCE = 0.01  # of target_savings, as a fraction of the run's samples


class Recorder:
    """Shows the numbers of each epoch, and writes files on rank 0.

    Nothing that it writes ends the training: what fails is a warning.

    Args:
        megabytes (float): Maximum size of the records of all epochs.

    Raises:
        ValueError: If ``megabytes`` is not a finite number of at least 0.
    """

    def __init__(self, megabytes: float) -> None:
        if not is_number(megabytes) or not 0 <= megabytes < math.inf:
            raise ValueError(
                f'history_mb must be a number of megabytes, at least 0, but got {megabytes!r}'
            )
        self.megabytes = megabytes
        self._next: Optional[Tuple[str, int]] = None  # work dir and epoch without later records

    def begin_epoch(self, runner, sampler: BLSSampler, savings: Savings) -> None:
        """Logs what the epoch keeps, and deletes the records that the run will replace.

        These are of an earlier run, or of one that went further than its checkpoint. The first
        epoch of a run deletes them all, so later epochs do not list the folder.

        Args:
            runner (Runner): The runner.
            sampler (BLSSampler): It has planned the epoch.
            savings (Savings): The sums so far.
        """
        plan = sampler.plan
        runner.logger.info(
            f'BLS: epoch {sampler.epoch + 1} keeps {plan.num_kept:,} of {len(sampler.dataset):,} '
            f'samples ({1 - sampler.kept_fraction:.1%} pruned), mean weight '
            f'{plan.mean_weight:.2f}{_so_far(sampler, savings)}'
        )
        scalars = {
            'bls/kept_ratio': sampler.kept_fraction,
            'bls/mean_weight': plan.mean_weight,
            'bls/saved_ratio': savings.pruned,
        }
        for name, value in scalars.items():
            # MMEngine logs what begins with 'train', as version 0.1 had it.
            runner.message_hub.log_scalars.pop(f'train/{name}', None)
            runner.message_hub.update_scalar(name, value)
        if not is_main_process():
            return
        self._show(runner, scalars)
        if self._next != (runner.work_dir, sampler.epoch):
            try:
                delete_from(runner.work_dir, sampler.epoch)
            except OSError as error:
                runner.logger.warning(
                    f'BLS: old records could not be deleted ({error}); a report may show them'
                )
        self._next = runner.work_dir, sampler.epoch + 1

    def end_epoch(self, runner, sampler: BLSSampler, num_epochs: int, savings: Savings) -> None:
        """Writes record and summary, and counts the time that it takes.

        Args:
            runner (Runner): The runner.
            sampler (BLSSampler): Its state is gathered.
            num_epochs (int): Number of epochs of the run.
            savings (Savings): The sums so far; the seconds are added.
        """
        if not is_main_process():
            return
        start = time.perf_counter()
        state = unpack(sampler.state_dict(), len(sampler.dataset))
        scores, visits = state['scorer']['scores'], state['scorer']['visits']
        record = record_epoch(
            state['plan'].mask,
            scores,
            visits,
            epoch=sampler.epoch,
            num_epochs=num_epochs,
            iteration=runner.iter,
            num_kept=sampler.plan.num_kept,
            mean_weight=sampler.plan.mean_weight,
            megabytes=self.megabytes,
        )
        before = load_record(runner.work_dir, sampler.epoch - 1)
        scalars = {
            'bls/turnover': turnover(before, record),
            'bls/score_mean': float(scores.mean(dtype='float64')),
            'bls/pruning_seconds': savings.pruning_seconds,
        }
        histograms = {'bls/scores': record.scores, 'bls/visits': visits}
        self._show(runner, scalars, histograms)
        _try(runner, 'the record', lambda: save_record(runner.work_dir, record))
        seconds = time.perf_counter() - start
        savings.recording_seconds += seconds
        savings.training_seconds += seconds
        _try(runner, 'the summary', lambda: write_summary(runner.work_dir, savings))

    def _show(self, runner, scalars: dict, histograms: Optional[dict] = None) -> None:
        def show() -> None:
            for backend in runner.visualizer._vis_backends.values():
                # MMEngine's local log is the file `scalars.json`, which the log tools of the
                # libraries read: they take each line for one of training or validation, and a name
                # with a slash for one of validation.
                if not isinstance(backend, LocalVisBackend):
                    show_scalars(backend, scalars, runner.iter)
                    show_histograms(backend, histograms or {}, runner.iter)

        _try(runner, 'the numbers of the epoch', show)

    def end_run(self, runner, sampler: BLSSampler, savings: Savings) -> None:
        """Logs what the run saved, and warns if that is not what was asked for.

        A finished run that is resumed has no further epoch; then there is nothing to log.

        Args:
            runner (Runner): The runner.
            sampler (BLSSampler): The sampler.
            savings (Savings): The sums of the run.
        """
        if savings.iterations == 0:
            return
        runner.logger.info(savings.as_sentence())
        budget = sampler.planner.budget
        if budget is not None and abs(savings.pruned - budget.target_savings) > TOLERANCE:
            runner.logger.warning(
                f'BLS: target_savings={budget.target_savings} asked for '
                f'{budget.target_savings:.1%} pruned, but the run pruned {savings.pruned:.1%}: '
                'guards kept more, or the run ended within an epoch or before the last one'
            )


def _so_far(sampler: BLSSampler, savings: Savings) -> str:
    if savings.samples_unpruned:
        total = savings.samples_unpruned
        return f'; saved so far {savings.pruned:.1%} of {total:,} samples'
    if sampler.planner.pruner.needs_scores and sampler.kept_fraction == 1:
        return '; no sample has a score yet'
    return ''


def _try(runner, what: str, write: Callable[[], object]) -> None:
    try:
        write()
    except Exception as error:  # a full disk, or any error of a visualizer's backend
        runner.logger.warning(
            f'BLS: {what} could not be written ({error}); training goes on, and a report will '
            'lack it'
        )
