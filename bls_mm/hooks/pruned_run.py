"""A run whose epochs are pruned: its loader, its losses, and its progress."""

import time
from typing import Any, Dict, Optional

from bls_mm.records.savings import Savings
from bls_mm.samplers import find_sampler

from .attribution import NOT_PLANNED, is_planned, mixes_batches
from .checks import check_batch_size, check_not_empty, check_run
from .choice import log_choice
from .clock import TrainingClock
from .compensation import Compensation
from .gradients import average_gradients, find_savers, is_accumulating, is_saving_in_epoch, unwrap
from .loss_tap import LossTap
from .recorder import Recorder
from .resume import ResumePoint, checkpoint_state, restore, restore_without_scores
from .savings_meter import SavingsMeter
from .schedule_hooks import ScheduleHooks
from .training_loader import avoid_singleton_batch, batch_sizes, follow_loader, track_loader
from .virtual_epochs import VirtualEpochs, is_iteration_based

ITERATIONS_BETWEEN_CHECKS = 20  # of file names: a look at annotations costs time


class PrunedRun:
    """Prepares a runner that is about to train, and does the work of :class:`BLSHook` in it.

    Args:
        runner (Runner): The runner.
        components (dict[str, float], optional): See :class:`BLSHook`.
        schedule (str): See :class:`BLSHook`.
        recorder (Recorder): Logs the epochs and writes their records.
        hook_type (type): The class BLSHook.

    Attributes:
        sampler (BLSSampler): The sampler of the run.
        in_epoch (bool): Whether an epoch has begun and not ended.

    Raises:
        TypeError, ValueError: If BLS cannot work with a part of the run, or with an option.
    """

    def __init__(
        self,
        runner,
        components: Optional[Dict[str, float]],
        schedule: str,
        recorder: Recorder,
        hook_type: type,
    ) -> None:
        loop = runner.train_loop
        self.runner = runner
        self.recorder = recorder
        self.sampler = find_sampler(loop.dataloader)
        check_run(runner, self.sampler, loop.dataloader, hook_type)
        self.sampler.let_hook_plan()
        self.loader = track_loader(runner, self.sampler)
        check_not_empty(self.loader, self.sampler)
        self.clock = TrainingClock(runner, len(self.loader), schedule)
        self.meter = SavingsMeter(self.sampler, self.clock, max(batch_sizes(self.loader)))
        avoid_singleton_batch(runner, self.sampler)
        per_sample, compiled = self.sampler.scorer.needs_sample_losses, runner.cfg.get('compile')
        self.tap = LossTap(runner.model, self.loader, per_sample, components, bool(compiled))
        self.schedule_hooks = ScheduleHooks(runner, self.clock)
        kind = self.sampler.planner.compensation
        self.compensation = Compensation(kind, runner, self.loader, self.tap)
        self.savers = find_savers(runner)
        self.in_epoch, self.num_epochs, self._next = False, 0, ResumePoint()
        self.virtual_epochs: Optional[VirtualEpochs] = None
        if is_iteration_based(loop):
            self.virtual_epochs = VirtualEpochs(
                self.loader.keeping_workers(), self.begin_epoch, self.end_epoch, runner.iter
            )
            loop.dataloader_iterator = self.virtual_epochs

    @property
    def savings(self) -> Savings:
        """Samples, iterations and seconds of the run so far."""
        return self.meter.savings

    # Resume

    def restore(self, state: Optional[dict], reset_scores: bool) -> None:
        """Continues the run of a checkpoint, with or without its scores."""
        if state is None or reset_scores:
            self._next = restore_without_scores(self.runner, state, reset_scores, self.clock)
            return
        self._next = restore(self.runner, state, self.sampler, self.loader)
        self.meter.resume(state['savings'])
        self.tap.read_per_sample(self.sampler.scorer.needs_sample_losses)  # as 'auto' decided

    def checkpoint_state(self) -> dict:
        """Returns the entry ``'bls'`` of a checkpoint."""
        if self.in_epoch:
            self.count_iterations()
        return checkpoint_state(self.runner, self.sampler, self.loader, self.clock, self.savings)

    def gather_for_checkpoint(self) -> None:
        """Gives rank 0 everything that a checkpoint needs; all ranks call it together."""
        self.sampler.gather_state()
        if is_accumulating(self.runner):
            average_gradients(unwrap(self.runner.model))

    # Epochs of the loop, or virtual ones

    def begin_epoch(self) -> None:
        """Plans an epoch, or continues within one."""
        if self.virtual_epochs is None:
            self._next = self._next._replace(epoch=self.runner.epoch)
        if self.runner.train_loop.dataloader is not self.loader:
            self._follow_loader()
        epoch, position, is_planned = self._next
        self.in_epoch, self._next = True, ResumePoint(epoch + 1)
        self.num_epochs = self.clock.epochs_of_run(epoch, position)
        if not is_planned:
            self.sampler.plan_epoch(epoch, self.num_epochs)
        self.loader.skip(0)
        if len(self.loader) == 0:
            self.runner.logger.warning(
                f'BLS: the {len(self.sampler)} kept samples of epoch {epoch + 1} do not fill a '
                'batch and drop_last drops them: the epoch trains on all samples instead'
            )
            self.sampler.state.use_full_plan()
        self.clock.start_epoch(epoch, len(self.loader), position)
        self.compensation.begin_epoch(self.clock)
        self.loader.skip(position)
        self.meter.begin_epoch()
        self.recorder.begin_epoch(self.runner, self.sampler, self.savings)

    def _follow_loader(self) -> None:
        """Continues with a loader that another hook has built, with the scores so far."""
        self.sampler = follow_loader(self.runner, self.sampler)
        self.loader = track_loader(self.runner, self.sampler)
        avoid_singleton_batch(self.runner, self.sampler)
        self.compensation.follow(self.loader)
        if self.virtual_epochs is not None:
            self.virtual_epochs.replace_loader(self.loader.keeping_workers())
        self.tap.listen_to(self.loader)
        self.meter.follow(self.sampler)

    def follow_late_loader(self) -> None:
        """Begins the epoch anew if a hook has replaced the loader since it was planned."""
        if self.runner.train_loop.dataloader is not self.loader:
            position = self.clock.position
            is_same = len(self.runner.train_loop.dataloader.dataset) == len(self.sampler.dataset)
            self._next = ResumePoint(self.sampler.epoch, position, is_planned=is_same)
            self.begin_epoch()

    def end_epoch(self) -> None:
        """Scores what the epoch trained on, and records it."""
        start = time.perf_counter()
        self.gather_for_checkpoint()
        self.meter.count_scoring(start)
        self.count_iterations()
        self.meter.end_epoch()
        self.in_epoch = False
        log_choice(self.runner, self.sampler, self.tap.per_sample, max(batch_sizes(self.loader)))
        self.recorder.end_epoch(self.runner, self.sampler, self.num_epochs, self.savings)

    def count_iterations(self) -> None:
        """Adds the iterations since the last count to the savings."""
        per_sample = bool(self.tap.per_sample)
        self.meter.count_iterations(per_sample and mixes_batches(unwrap(self.runner.model)))

    # Iterations

    def begin_iteration(self, data_batch: Any) -> None:
        """Checks that a batch holds the samples that it should."""
        if self.virtual_epochs is not None:
            self.virtual_epochs.start()
        tracked = self.loader.tracked(data_batch)
        if tracked is not None:
            check_batch_size(data_batch, len(tracked.samples), bool(self.tap.per_sample))
            if self.clock.position % ITERATIONS_BETWEEN_CHECKS == 0:
                self.meter.count_replaced(tracked.samples, data_batch)
                if not is_planned(self.sampler, tracked.samples):
                    self.tap.notice(NOT_PLANNED)

    def end_iteration(self) -> None:
        """Passes on what the training step minimised."""
        start = time.perf_counter()
        for tracked, loss in self.tap.take():
            if loss is not None:
                self.sampler.update(tracked.samples, loss)
            self.meter.count_batch(tracked, loss is not None)
        self.clock.tick()
        if self.savers and is_saving_in_epoch(self.runner, self.savers):
            self.gather_for_checkpoint()
        self.meter.count_scoring(start, self.tap.take_seconds())
        for notice in self.tap.new_notices():
            self.runner.logger.warning(notice)

    def finish(self) -> None:
        """Leaves all parts as they were, and logs what the run saved."""
        self.tap.remove()
        self.schedule_hooks.detach()
        self.compensation.detach()
        self.sampler.let_hook_plan(False)
        self.recorder.end_run(self.runner, self.sampler, self.savings)
