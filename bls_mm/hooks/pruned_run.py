"""A run whose epochs are pruned: its loader, its losses, and its progress."""

import time
from typing import Any, Optional

from bls_mm.data import TrackedBatch
from bls_mm.samplers import find_sampler

from . import checkpoint, training_loader
from .attribution import NOT_PLANNED, is_planned, mixes_batches
from .checks import check_batch_size, check_not_empty, check_run
from .choice import log_choice
from .clock import TrainingClock, is_iteration_based
from .compensation import Compensation
from .loss_tap import LossTap
from .recorder import Recorder
from .savings_meter import ITERATIONS_BETWEEN_CHECKS, SavingsMeter
from .schedule_hooks import ScheduleHooks
from .virtual_epochs import VirtualEpochs


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
        meter (SavingsMeter): Counts what the run saves.
        in_epoch (bool): Whether an epoch has begun and not ended.
        gathered_at (int): Position in the epoch up to which losses are scored on all ranks.
        virtual_epochs (VirtualEpochs, optional): What an iteration-based loop iterates over.

    Raises:
        TypeError, ValueError: If BLS cannot work with a part of the run, or with an option.
    """

    def __init__(
        self, runner, components: Optional[dict], schedule: str, recorder: Recorder, hook_type: type
    ) -> None:
        self.runner, self.recorder, loop = runner, recorder, runner.train_loop
        self.sampler = find_sampler(loop.dataloader)
        check_run(runner, self.sampler, loop.dataloader, hook_type)
        self.sampler.let_hook_plan()
        self.sampler.state.use_full_plan()  # the lengths below are those of an epoch on all samples
        self.loader = training_loader.track_loader(runner, self.sampler)
        check_not_empty(self.loader, self.sampler)
        self.clock = TrainingClock(runner, len(self.loader), schedule)
        self.meter = SavingsMeter(self.sampler, self.clock, *training_loader.batching(self.loader))
        training_loader.avoid_singleton_batch(runner, self.sampler)
        per_sample, compiled = self.sampler.scorer.needs_sample_losses, runner.cfg.get('compile')
        options = dict(check=self._check_batch, warn=runner.logger.warning, compiled=bool(compiled))
        self.tap = LossTap(runner.model, self.loader, per_sample, components, **options)
        self.reader = self.tap.reader
        self.schedule_hooks = ScheduleHooks(runner, self.clock)
        self.compensation: Optional[Compensation] = None
        if self.sampler.planner.compensation is not None:
            parts = self.sampler, self.loader, self.clock.full_length, self.tap
            self.compensation = Compensation(runner, *parts)
        self.savers, self._next = checkpoint.find_savers(runner), checkpoint.ResumePoint()
        self.in_epoch, self.gathered_at, self.num_epochs = False, 0, 0
        self.virtual_epochs: Optional[VirtualEpochs] = None
        if is_iteration_based(loop):
            loader = self.loader.keeping_workers()
            self.virtual_epochs = VirtualEpochs(loader, self.begin_epoch, self.end_epoch, runner)
            loop.dataloader_iterator = self.virtual_epochs

    # Resume

    def restore(self, state: Optional[dict], reset_scores: bool) -> None:
        """Continues the run of a checkpoint, with or without its scores."""
        if state is None or reset_scores:
            self._next = checkpoint.restore_epoch(self, state, reset_scores)
            return
        if self.runner.train_loop.dataloader is not self.loader:
            self._follow_loader()  # the scores may belong to the training set of another hook
        self._next = checkpoint.restore(self, state)
        self.meter.resume(state['savings'])
        self.reader.read_per_sample(self.sampler.scorer.needs_sample_losses)  # as 'auto' decided

    def checkpoint_state(self) -> dict:
        """Returns the entry ``'bls'`` of a checkpoint."""
        if self.in_epoch:
            self.count_iterations()
            if self.sampler.world_size == 1:
                self.score_and_gather()
        return checkpoint.state_of(self)

    def score_and_gather(self) -> None:
        """Scores pending losses and prepares a checkpoint; all ranks call it together."""
        self.gathered_at = self.clock.position
        self.sampler.gather_state()
        checkpoint.average_gradients(self.runner)

    # Epochs of the loop, or virtual ones

    def begin_epoch(self) -> None:
        """Plans an epoch, or continues within one."""
        if self.virtual_epochs is None:
            self._next = self._next._replace(epoch=self.runner.epoch)
        if self.runner.train_loop.dataloader is not self.loader:
            self._follow_loader()
        epoch, position, is_planned = self._next
        self.in_epoch, self._next = True, checkpoint.ResumePoint(epoch + 1)
        self.num_epochs = self.clock.epochs_of_run(epoch, position)
        if not is_planned:
            self.sampler.plan_epoch(epoch, self.num_epochs)
        self.loader.skip(0)  # the length below is that of the whole epoch
        training_loader.prepare_batches(self.runner, self.sampler)
        self.clock.start_epoch(epoch, len(self.loader), position)
        self.schedule_hooks.begin_epoch()
        self.gathered_at = position
        if self.compensation is not None:
            self.compensation.begin_epoch(self.clock, self.sampler.plan)
        self.loader.skip(position, self._train_on_all)
        self.meter.begin_epoch()
        self.recorder.begin_epoch(self.runner, self.sampler, self.meter.savings)

    def _follow_loader(self) -> None:
        """Continues with a loader that another hook has built, with the scores so far."""
        self.sampler = training_loader.follow_loader(self.runner, self.sampler)
        self.loader = training_loader.track_loader(self.runner, self.sampler)
        plan = self.sampler.plan
        self.sampler.state.use_full_plan()
        self.clock.follow(self._next.epoch, len(self.loader))
        self.meter.follow(self.sampler)
        self.sampler.state.use_plan(plan)
        training_loader.avoid_singleton_batch(self.runner, self.sampler)
        if self.compensation is not None:
            self.compensation.follow(self.loader, self.clock.full_length)
        if self.virtual_epochs is not None:
            self.virtual_epochs.replace_loader(self.loader.keeping_workers())
        self.tap.listen_to(self.loader)

    def follow_late_loader(self) -> None:
        """Starts the epoch again if a hook has replaced the loader since the epoch was planned."""
        loader, position = self.runner.train_loop.dataloader, self.clock.position
        if loader is not self.loader:
            is_same = len(loader.dataset) == len(self.sampler.dataset)
            self._next = checkpoint.ResumePoint(self.sampler.epoch, position, is_planned=is_same)
            self.begin_epoch()

    def _train_on_all(self) -> bool:
        if self.in_epoch:  # otherwise a hook iterates over the loader between epochs
            training_loader.replace_empty_plan(self.sampler, self.tap.warn_once)
            self._next = checkpoint.ResumePoint(self.sampler.epoch, is_planned=True)
            self.begin_epoch()
        return self.in_epoch

    def end_epoch(self) -> None:
        """Scores what the epoch trained on, and records it."""
        start = time.perf_counter()
        self.score_and_gather()
        self.meter.count_scoring(time.perf_counter() - start)
        self.count_iterations()
        training_loader.warn_of_batches(self.loader, self.clock, self.tap.warn_once)
        self.meter.end_epoch(self.loader.count)
        self.in_epoch = False
        if self.sampler.state.is_recommended and self.sampler.epoch == 0:
            log_choice(self.runner, self.sampler, self.reader.per_sample, self.meter.batch_size)
        self.recorder.end_epoch(self.runner, self.sampler, self.num_epochs, self.meter.savings)

    def count_iterations(self) -> None:
        """Adds the iterations since the last count to the savings."""
        self.meter.count_scoring(self.reader.take_seconds())
        per_sample = bool(self.reader.per_sample)
        self.meter.count_iterations(per_sample and mixes_batches(self.runner.model))

    def _check_batch(self, tracked: TrackedBatch, data_batch: Any) -> None:
        """Checks that a batch holds the samples that it should, before the model sees it."""
        check_batch_size(data_batch, len(tracked.samples), self.reader.is_required)
        if self.clock.position % ITERATIONS_BETWEEN_CHECKS == 0:
            self.meter.check_samples(tracked.samples, data_batch)
            if not is_planned(self.sampler, tracked.samples):
                self.tap.warn_once(NOT_PLANNED)

    def end_iteration(self) -> None:
        """Passes on what the training step minimised."""
        start, store, trained = time.perf_counter(), self.sampler.state.store, self.tap.take()
        for tracked, loss in trained:
            if loss is not None:
                store.update(tracked.samples, loss)
        self.clock.tick()
        if self.savers and checkpoint.is_saving_in_epoch(self.runner, self.savers):
            self.score_and_gather()
        self.meter.count_batches(trained, time.perf_counter() - start)

    def finish(self) -> None:
        """Restores all parts, and logs what the run saved."""
        self.tap.remove()
        self.schedule_hooks.detach()
        if self.compensation is not None:
            self.compensation.detach()
        self.sampler.let_hook_plan(False)
        self.recorder.end_run(self.runner, self.sampler, self.meter.savings)
