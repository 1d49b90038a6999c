"""Keeps MMEngine's clock right in a run whose epochs change their length."""

import math
from typing import Iterator

from mmengine.optim import _ParamScheduler

from .epochs import count_epochs, is_iteration_based, iterations_of

SCHEDULES = ('progress', 'iteration')


class TrainingClock:
    """Tells MMEngine how long the run really is, and steps its schedules by epoch progress.

    MMEngine fixes the number of iterations once, from the full length of an epoch: learning rates
    that step by iteration would then stop half-way, the time left would be wrong, and the last
    gradients of an accumulation would be lost.

    Args:
        runner (Runner): The runner, about to train.
        full_length (int): Iterations of an epoch on all samples.
        schedule (str): ``'progress'``: a parameter schedule that steps by iteration passes through
            all its steps in each epoch, however short, and a loop that counts iterations ends with
            it; ``'iteration'``: steps and iterations count as they come.

    Attributes:
        num_epochs (float): Epochs on all samples that the run is long.
        length (int): Iterations of the current epoch.
        position (int): How many of them are done.
    """

    def __init__(self, runner, full_length: int, schedule: str) -> None:
        self.runner = runner
        self.full_length = full_length
        self.schedule = schedule
        self.counts_iterations = schedule == 'iteration' and is_iteration_based(runner.train_loop)
        self.num_epochs = count_epochs(runner.train_loop, full_length)
        self.length = full_length
        self.position = 0
        self.iteration_schedulers = []

    def epochs_of_run(self, epoch: int, position: int) -> int:
        """Returns how many epochs the run has, where one of them begins.

        Where iterations are counted as they come, pruning makes more of them: those left are taken
        to be on all samples.

        Args:
            epoch (int): The epoch, from 0.
            position (int): How many of its iterations a resumed run has already done.
        """
        if not self.counts_iterations:
            return math.ceil(self.num_epochs)
        left = self.runner.max_iters - self.runner.iter + position
        return epoch + math.ceil(left / self.full_length)

    def start_epoch(self, epoch: int, length: int, position: int = 0) -> None:
        """Notes the length of the epoch that begins.

        Args:
            epoch (int): The epoch, from 0.
            length (int): Iterations of the whole epoch.
            position (int): How many of them a resumed run has already done.
        """
        self.length = length
        self.position = position
        self.iteration_schedulers = list(self._iteration_schedulers())
        if self.counts_iterations:
            return
        # Later epochs are not planned yet: they are taken to be as long as this one.
        left = iterations_of(self.num_epochs - epoch, length)
        self._set_max_iters(self.runner.iter - position + left)

    def tick(self) -> None:
        """Ends an iteration: makes up the scheduler steps that pruning left out."""
        self.position += 1
        if self.schedule == 'progress':
            # MMEngine's ParamSchedulerHook has made the first of these steps.
            for _ in range(self.share_of(self.full_length, self.position - 1) - 1):
                for scheduler in self.iteration_schedulers:
                    scheduler.step()

    def share_of(self, whole: int, since: int) -> int:
        """Returns the share of the iterations since one in what an epoch makes up as a whole.

        In iteration i of n, out of N, a schedule passes from step ``i * N // n`` to step
        ``(i + 1) * N // n``: it is a function of the progress of the epoch.
        """
        return self.position * whole // self.length - since * whole // self.length

    def _iteration_schedulers(self) -> Iterator[_ParamScheduler]:
        schedulers = self.runner.param_schedulers or []
        groups = schedulers.values() if isinstance(schedulers, dict) else [schedulers]
        for group in groups:
            yield from (scheduler for scheduler in group if not scheduler.by_epoch)

    def _set_max_iters(self, max_iters: int) -> None:
        # The loop's number serves ETA, log and 'last iteration' tests; MMEngine has no setter.
        self.runner.train_loop._max_iters = max_iters
        self.runner.message_hub.update_info('max_iters', max_iters)
        wrapper = self.runner.optim_wrapper
        if hasattr(wrapper, '_accumulative_counts'):
            # Where the wrapper takes its last step, and how many batches that step averages.
            wrapper._max_counts = max_iters
            wrapper._remainder_counts = max_iters % wrapper._accumulative_counts
