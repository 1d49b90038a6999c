"""Keeps MMEngine's clock right in a run whose epochs change their length."""

from typing import Iterator

from mmengine.optim import _ParamScheduler

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
            all its steps in each epoch, however short; ``'iteration'``: it steps as they come.
    """

    def __init__(self, runner, full_length: int, schedule: str) -> None:
        self.runner = runner
        self.full_length = full_length
        self.schedule = schedule
        self.length = full_length
        self.position = 0

    def start_epoch(self, length: int, position: int = 0) -> None:
        """Notes the length of the epoch that begins.

        Args:
            length (int): Iterations of the whole epoch.
            position (int): How many of them a resumed run has already done.
        """
        self.length = length
        self.position = position
        epochs_left = self.runner.max_epochs - self.runner.epoch
        # Later epochs are not planned yet: they are taken to be as long as this one.
        self._set_max_iters(self.runner.iter - position + epochs_left * length)

    def tick(self) -> None:
        """Ends an iteration: makes up the scheduler steps that pruning left out.

        MMEngine's ParamSchedulerHook has made one step. In iteration i of n, out of N, the schedule
        has to pass from step ``i * N // n`` to step ``(i + 1) * N // n``.
        """
        done, self.position = self.position, self.position + 1
        if self.schedule == 'iteration':
            return
        steps = (
            self.position * self.full_length // self.length - done * self.full_length // self.length
        )
        for scheduler in self._iteration_schedulers():
            for _ in range(steps - 1):
                scheduler.step()

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
