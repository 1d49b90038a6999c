"""Serves hooks that depend on the length of the run: they set the learning rate, or begin late."""

import dis
import inspect
from types import CodeType
from typing import Any, Callable, Iterator, List, Optional

from mmengine.hooks import Hook

from bls_mm.pruners import NoPruning, Pruner

from .clock import TrainingClock, is_iteration_based
from .iteration_thresholds import OF_HOOKS, IterationThresholds, thresholds_left
from .model_method import ReplacedMethod
from .view import LongerLoader, View

STAGES = ('before_train_epoch', 'before_train_iter', 'after_train_iter', 'after_train_epoch')
LENGTHS = {'train_dataloader', 'dataloader', 'max_iters'}  # what says how long a run or an epoch is


class ScheduleHooks:
    """Shows the progress of the run on all samples to hooks that set the learning rate.

    Such hooks, like those of MMYOLO, compute the learning rate from ``runner.iter`` and
    ``len(runner.train_dataloader)``. In a pruned run both differ from what the schedule was made
    for. While these hooks run, they get a view of the runner: its iterations are those that the run
    on all samples has done at the same progress, and its loader is as long as on all samples. So
    the learning rate is a function of the progress, as with MMEngine's own schedulers.

    Thresholds of the other hooks move; see :class:`IterationThresholds`.

    Args:
        runner (Runner): The runner, about to train.
        clock (TrainingClock): Knows the progress.
    """

    def __init__(self, runner, clock: TrainingClock) -> None:
        self._clock = clock
        self._replaced: List[ReplacedMethod] = []
        self._thresholds: Optional[IterationThresholds] = None
        if clock.schedule != 'progress':
            return
        setters = [hook for hook in runner.hooks if sets_learning_rate(hook)]
        self._replaced = [
            ReplacedMethod(hook, stage, self._call) for hook in setters for stage in STAGES
        ]
        others = [hook for hook in runner.hooks if hook not in setters]
        names = (*OF_HOOKS, 'save_begin')
        begins_late = any(getattr(hook, name, 0) for hook in others for name in names)
        if begins_late or is_iteration_based(runner.train_loop):
            self._thresholds = IterationThresholds(runner.train_loop, others, clock)

    def begin_epoch(self) -> None:
        """Moves thresholds, now that the length of an epoch is known."""
        if self._thresholds is not None:
            self._thresholds.begin_epoch()

    def detach(self) -> None:
        """Gives the hooks their methods and thresholds back."""
        for method in self._replaced:
            method.restore()
        if self._thresholds is not None:
            self._thresholds.restore()

    def _call(self, original: Callable, runner, **kwargs: Any) -> Any:
        done = self._clock.iterations_on_all_samples()
        view = view_at(runner, done, self._clock)
        if 'batch_idx' in kwargs:
            begun = 0 if is_iteration_based(runner.train_loop) else self._clock.epoch
            kwargs['batch_idx'] = done - begun * self._clock.steps_per_epoch
        return original(view, **kwargs)


def view_at(runner, done: int, clock: TrainingClock) -> View:
    """Returns a view of a runner that trains on all samples.

    Args:
        runner (Runner): The runner.
        done (int): Number of iterations that it seems to have done.
        clock (TrainingClock): Knows the lengths.
    """
    loader = LongerLoader(runner.train_dataloader, clock.steps_per_epoch)
    lengths = dict(iter=done, max_iters=round(clock.num_epochs * clock.steps_per_epoch))
    loop = View(runner.train_loop, dataloader=loader, **lengths)
    return View(runner, train_loop=loop, train_dataloader=loader, **lengths)


def sets_learning_rate(hook: Hook) -> bool:
    """Whether the code of a hook assigns ``['lr']`` and reads the length of a run or an epoch."""
    names, assigns = set(), False
    for code in _own_code(hook):
        names.update(code.co_names)
        assigns |= 'lr' in code.co_consts and any(
            instruction.opname == 'STORE_SUBSCR' for instruction in dis.get_instructions(code)
        )
    return assigns and bool(names & LENGTHS)


def warn_of_thresholds(runner, pruner: Pruner, clock: TrainingClock) -> None:
    """Logs a warning if a hook counts iterations that a pruned run may not reach.

    Args:
        runner (Runner): The runner, about to train.
        pruner (Pruner): Its pruner.
        clock (TrainingClock): Knows how the run counts.
    """
    is_shorter = clock.schedule == 'progress' and is_iteration_based(runner.train_loop)
    if isinstance(pruner, NoPruning) or not is_shorter:
        return
    left = [
        threshold
        for hook in runner.hooks
        if not sets_learning_rate(hook)
        for threshold in thresholds_left(hook, runner.max_iters)
    ]
    if left:
        runner.logger.warning(
            f'BLS: pruning ends the run before iteration {runner.max_iters:,}, so it may not reach '
            f"{', '.join(left)}; name the attribute 'switch_iter', which follows the progress, or "
            "give it a smaller value, or keep all iterations with BLSHook(schedule='iteration')"
        )


def _own_code(hook: Hook) -> Iterator[CodeType]:
    """Yields the code of the methods of a hook, without those of MMEngine and of this package."""
    classes: List[type] = [
        kind
        for kind in type(hook).__mro__
        if kind.__module__.partition('.')[0] not in ('builtins', 'mmengine', 'bls_mm')
    ]
    for kind in classes:
        for method in vars(kind).values():
            method = inspect.unwrap(method) if callable(method) else method
            if inspect.isfunction(method):
                yield method.__code__
