"""Keeps schedules and lengths right in a run whose epochs differ in length."""

import math
from typing import Iterator, List

from mmengine.optim import _ParamScheduler
from mmengine.runner import IterBasedTrainLoop

from bls_mm.ops.subsets import TOLERANCE

SCHEDULES = ('progress', 'iteration')


class TrainingClock:
    """Tells MMEngine how long the run really is, and steps its schedulers by epoch progress.

    MMEngine fixes the number of iterations once, from the full length of an epoch. With shorter
    epochs, schedulers that step by iteration would stop half-way, the remaining time would be
    wrong, and the last gradients of an accumulation would be lost.

    Args:
        runner (Runner): The runner, about to train.
        full_length (int): Number of iterations of an epoch on all samples.
        schedule (str): ``'progress'``: a scheduler that steps by iteration makes all its steps in
            each epoch, however short, and a loop that counts iterations ends with it.
            ``'iteration'``: each iteration is one step.

    Attributes:
        max_iters (int): Length of the run on all samples, in iterations.
        full_length (int): Number of iterations of an epoch on all samples.
        steps_per_epoch (int): Steps that a scheduler makes in an epoch: ``full_length``, unless a
            hook has changed the training set of a loop of epochs.
        num_epochs (float): Length of the run in epochs on all samples.
        length (int): Number of iterations of the current epoch.
        position (int): Number of these that are done.
        epoch (int): Number of the current epoch, from 0.
        first_iteration (int): Iterations of the run before the current epoch.
    """

    def __init__(self, runner, full_length: int, schedule: str) -> None:
        self.runner = runner
        self.max_iters = runner.train_loop.max_iters
        self.full_length = self.steps_per_epoch = full_length
        self.schedule = schedule
        self.counts_iterations = schedule == 'iteration' and is_iteration_based(runner.train_loop)
        self.num_epochs = count_epochs(runner.train_loop, full_length)
        self.length = full_length
        self.position = 0
        self.epoch = 0
        self.first_iteration = 0
        self._stepped: List[_ParamScheduler] = []  # whose steps the clock makes up for

    @property
    def steps_done(self) -> int:
        """Steps that a scheduler has made in a loop of iterations."""
        left = round((self.num_epochs - self.epoch) * self.steps_per_epoch)
        return self.max_iters - left + self.position * self.steps_per_epoch // self.length

    def resume_at(self, steps_done: int) -> int:
        """Continues a loop of iterations at the start of an epoch, and returns the epoch."""
        epoch = steps_done // self.full_length
        self.num_epochs = epoch + (self.max_iters - steps_done) / self.full_length
        return epoch

    def follow(self, epoch: int, full_length: int) -> None:
        """Continues with epochs of another length. The schedule still ends with the run.

        Args:
            epoch (int): The first of these epochs, from 0.
            full_length (int): Number of iterations of an epoch on all samples from now on.
        """
        if is_iteration_based(self.runner.train_loop):
            left = (self.num_epochs - epoch) * self.full_length
            self.num_epochs = epoch + left / full_length
            self.steps_per_epoch = full_length
        self.full_length = full_length

    def release(self) -> None:
        """Gives MMEngine the length of the run on all samples back."""
        self._set_max_iters(self.max_iters)

    def epochs_of_run(self, epoch: int, position: int) -> int:
        """Returns the number of epochs of the run, as known when one of them begins.

        If each iteration is one step, pruning makes more epochs; those to come are assumed to be on
        all samples.

        Args:
            epoch (int): The epoch, from 0.
            position (int): Iterations of the epoch that a resumed run has already done.
        """
        if not self.counts_iterations:
            return math.ceil(self.num_epochs)
        left = self.runner.max_iters - self.runner.iter + position
        return epoch + math.ceil(left / self.full_length)

    def start_epoch(self, epoch: int, length: int, position: int = 0) -> None:
        """Starts an epoch, and adapts the length of the run.

        Args:
            epoch (int): The epoch, from 0.
            length (int): Number of iterations of the whole epoch.
            position (int): Iterations of the epoch that a resumed run has already done.
        """
        self.length = length
        self.position = position
        self.epoch = epoch
        self.first_iteration = self.runner.iter - position
        if self.schedule == 'progress':
            self._stepped = list(self._iteration_schedulers())
        if self.counts_iterations:
            return
        # Later epochs are not planned yet: they are assumed to be as long as this one.
        left = iterations_of(self.num_epochs - epoch, length)
        self._set_max_iters(self.first_iteration + left)

    def tick(self) -> None:
        """Ends an iteration, and makes the scheduler steps of the iterations that were pruned."""
        self.position += 1
        if self._stepped:
            # MMEngine's ParamSchedulerHook (priority 70, before BLSHook) made the first of these.
            self._step(self.share_of(self.steps_per_epoch, self.position - 1) - 1)

    def correct_length(self, length: int) -> None:
        """Corrects the length of an epoch that ends; makes the steps that are missing in it."""
        steps = self.share_of(self.steps_per_epoch, 0)
        self.length = length
        self._step(self.share_of(self.steps_per_epoch, 0) - steps)

    def _step(self, times: int) -> None:
        for _ in range(times):
            for scheduler in self._stepped:
                scheduler.step()

    def iterations_on_all_samples(self) -> int:
        """Returns how many iterations the run on all samples has done at the same progress."""
        loop = self.runner.train_loop
        if not is_iteration_based(loop) and loop.epoch != self.epoch:
            return loop.epoch * self.steps_per_epoch  # the epoch begins, and is not planned yet
        done = loop.iter - self.first_iteration  # not `position`: hooks run before and after tick
        done = min(done, self.length) * self.steps_per_epoch // self.length
        return self.epoch * self.steps_per_epoch + done

    def share_of(self, whole: int, since: int) -> int:
        """Returns how much of ``whole`` belongs to the iterations from ``since`` to the position.

        In iteration i of n, a schedule of N steps goes from step ``i * N // n`` to step
        ``(i + 1) * N // n``: it is a function of the progress of the epoch. Batches beyond its
        announced length belong to no step.

        Args:
            whole (int): What the whole epoch makes up, such as N steps or samples.
            since (int): The first of the iterations.
        """
        done, since = min(self.position, self.length), min(since, self.length)
        return done * whole // self.length - since * whole // self.length

    def _iteration_schedulers(self) -> Iterator[_ParamScheduler]:
        schedulers = self.runner.param_schedulers or []
        groups = schedulers.values() if isinstance(schedulers, dict) else [schedulers]
        for group in groups:
            yield from (scheduler for scheduler in group if not scheduler.by_epoch)

    def _set_max_iters(self, max_iters: int) -> None:
        # MMEngine has no setter for these; checked with 0.10.7. The loop's number is used for the
        # remaining time, the log and tests for the last iteration.
        self.runner.train_loop._max_iters = max_iters
        self.runner.message_hub.update_info('max_iters', max_iters)
        wrapper = self.runner.optim_wrapper
        if hasattr(wrapper, '_accumulative_counts'):
            # When the wrapper makes its last step, and how many batches that step averages.
            wrapper._max_counts = max_iters
            wrapper._remainder_counts = max_iters % wrapper._accumulative_counts


def is_iteration_based(loop) -> bool:
    """Whether a training loop counts iterations, and has no epochs."""
    return isinstance(loop, IterBasedTrainLoop)


def count_epochs(loop, full_length: int) -> float:
    """Returns how many epochs on all samples a loop would run; an integer for a loop of epochs.

    Args:
        loop (BaseLoop): A training loop, before its first iteration.
        full_length (int): Number of iterations of an epoch on all samples.
    """
    if is_iteration_based(loop):
        return loop.max_iters / full_length
    return float(loop.max_epochs)


def iterations_of(epochs: float, length: int) -> int:
    """Returns the iterations of a number of epochs: whole ones, and the started part of the last.

    Args:
        epochs (float): Number of epochs.
        length (int): Number of iterations of an epoch.
    """
    return math.ceil(epochs * length * (1 - TOLERANCE))
