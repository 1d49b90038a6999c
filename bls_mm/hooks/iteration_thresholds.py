"""Iterations at which a loop or a hook begins something, in a run that pruning shortens."""

from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from mmengine.hooks import CheckpointHook, Hook

from .clock import TrainingClock, is_iteration_based, iterations_of

OF_LOOPS = ('val_begin', 'dynamic_milestones')
OF_HOOKS = ('begin_iter', 'start_iters', 'switch_iter')


class IterationThresholds:
    """Moves thresholds that count iterations to the same progress of the pruned run.

    Pruning makes a run shorter. It may never reach a threshold near the end of the config's
    iterations: no validation, no best checkpoint, no EMA. Until :meth:`restore`, these attributes
    have other values:

    - ``val_begin`` of a loop of iterations, and the milestones of its ``dynamic_intervals``,
    - ``save_begin`` of a ``CheckpointHook`` that saves by iteration,
    - ``begin_iter`` (such as that of ``EMAHook``), ``start_iters`` and ``switch_iter`` of a hook.

    Intervals are not moved: they count iterations of the run.

    Args:
        loop (BaseLoop): The training loop.
        hooks (list[Hook]): The hooks that see the iterations of the pruned run.
        clock (TrainingClock): Knows the progress.
    """

    def __init__(self, loop, hooks: List[Hook], clock: TrainingClock) -> None:
        self._clock = clock
        self._moved: Dict[int, Any] = {}
        self._given = [
            *(thresholds_of(loop, OF_LOOPS) if is_iteration_based(loop) else ()),
            *(found for hook in hooks for found in thresholds_of(hook, names_of(hook))),
        ]

    def begin_epoch(self) -> None:
        """Moves the thresholds that are not reached yet, now that an epoch is planned."""
        for number, (owner, name, given) in enumerate(self._given):
            before = self._moved.get(number)
            if isinstance(given, list):
                befores = before or [None] * len(given)
                value: Any = [self._move(*pair) for pair in zip(given, befores)]
            else:
                value = self._move(given, before)
            if name == 'save_begin':
                value = in_steps(value, given, owner.interval, self._clock)
            self._moved[number] = value
            setattr(owner, name, value)

    def _move(self, given: int, before: Optional[int]) -> int:
        moved, first = iteration_at(given, self._clock), self._clock.first_iteration
        if before is None:
            return moved
        return before if before < first else max(moved, first)

    def restore(self) -> None:
        """Gives all thresholds their values back."""
        for owner, name, given in self._given:
            setattr(owner, name, given)


def thresholds_of(owner: Any, names: Sequence[str]) -> Iterator[Tuple[Any, str, Any]]:
    """Yields a loop or hook, the name of a threshold and its value, for each that it has."""
    for name in names:
        value = vars(owner).get(name)
        if type(value) in (int, list):
            yield owner, name, value


def names_of(hook: Hook) -> Sequence[str]:
    """Returns the names of the thresholds that a hook may have."""
    if isinstance(hook, CheckpointHook):
        return () if hook.by_epoch else ('save_begin',)
    return OF_HOOKS


def iteration_at(iteration: int, clock: TrainingClock) -> int:
    """Returns the iteration of the run at the progress of one of the run on all samples.

    All other epochs are assumed to be as long as the current one.
    """
    begun = clock.max_iters - round((clock.num_epochs - clock.epoch) * clock.full_length)
    epochs = (iteration - begun) / clock.full_length
    return clock.first_iteration + iterations_of(epochs, clock.length)


def in_steps(moved: int, given: int, interval: int, clock: TrainingClock) -> int:
    """Moves ``save_begin`` further, so that checkpoints keep the numbers of the config.

    A resumed run then saves at the same iterations, although it does not know how long the epochs
    before its checkpoint were.

    Args:
        moved (int): The iteration of the pruned run.
        given (int): That of the config.
        interval (int): Iterations between two checkpoints.
        clock (TrainingClock): Knows the length of the run.

    Returns:
        int: An iteration that differs from ``given`` by a multiple of the interval: the first from
        ``moved`` on, the last before it if the epoch began later, or ``moved`` if the run would end
        before that.
    """
    if interval <= 0:
        return moved
    if moved < clock.first_iteration:
        return moved - (moved - given) % interval
    later = moved + (given - moved) % interval
    return later if later <= clock.runner.max_iters else moved


def thresholds_left(hook: Hook, max_iters: int) -> Iterator[str]:
    """Yields the iteration numbers of a hook that do not move and that a run may not reach.

    Args:
        hook (Hook): The hook; those of MMEngine have no others.
        max_iters (int): Number of iterations of the run on all samples.
    """
    if type(hook).__module__.partition('.')[0] not in ('mmengine', 'bls_mm'):
        for name, value in vars(hook).items():
            is_late = type(value) is int and max_iters / 2 < value <= max_iters
            if is_late and 'iter' in name and name not in OF_HOOKS:
                yield f'{type(hook).__name__}.{name}={value}'
