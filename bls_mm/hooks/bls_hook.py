"""The hook that makes MMEngine's runner train on pruned epochs."""

import inspect
import math
from typing import Any, Dict, Mapping, Optional

from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from bls_mm.checks import check_bool
from bls_mm.compat import allow_mmengine_checkpoints
from bls_mm.deprecation import drop_options
from bls_mm.planning import PLANNER_OPTIONS
from bls_mm.records.savings import Savings
from bls_mm.samplers import BLSSampler

from .checkpoint import state_to_continue, update_rates
from .checks import warn_of_short_run
from .clock import SCHEDULES
from .pruned_run import PrunedRun
from .recorder import Recorder
from .schedule_hooks import warn_of_thresholds
from .training_loader import BeginsLate, check_unused


@HOOKS.register_module()
class BLSHook(Hook):
    """Passes the loss of each iteration to the ``BLSSampler``, and plans its epochs.

    It also keeps schedules, checkpoints and the run's length right although epochs get shorter. Add
    it to ``default_hooks``, not to ``custom_hooks``: configs merge dicts, but replace lists.

    Its priority puts it after MMEngine's logger (60) and parameter schedulers (70), and before
    checkpoints (90). In an iteration-based loop it makes virtual epochs, each with its own plan.

    Args:
        components (dict[str, float], optional): Loss components that make up the score, and their
            weights, such as ``dict(loss_cls=1.0, loss_bbox=0.5)``. Training still minimises all of
            them. Defaults to None, all components: the loss that is minimised.
        schedule (str): ``'progress'``: parameter schedulers that step by iteration, and loops that
            count iterations, follow the progress of the epoch, so they end where they should.
            ``'iteration'``: each iteration is one step. Defaults to ``'progress'``.
        reset_scores (bool): Whether a resumed run forgets the scores of its checkpoint, as it must
            with another data set. Defaults to False.
        history_mb (float): Maximum size in megabytes of the records of all epochs, in the folder
            ``bls`` of the work dir. They take about 2 bytes per sample and epoch; beyond the
            maximum they hold the scores of every second sample, every third, ... Defaults to 100.

    Attributes:
        run (PrunedRun, optional): The run that it prunes, from ``before_train`` on.

    Examples:
        >>> train_dataloader = dict(
        ...     sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')))
        >>> default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
    """

    priority = 80

    def __init__(
        self,
        components: Optional[Dict[str, float]] = None,
        schedule: str = 'progress',
        reset_scores: bool = False,
        history_mb: float = 100,
        **removed: Any,
    ) -> None:
        if removed:
            refuse_options_of_sampler(removed)
            drop_options('BLSHook', removed)
        check_hook_options(components, schedule, reset_scores)
        self.components = components
        self.schedule = schedule
        self.reset_scores = reset_scores
        self.recorder = Recorder(history_mb)
        self.run: Optional[PrunedRun] = None
        self._must_restore = False
        self._resets_scores = reset_scores
        self._has_ended_iteration = False  # before MMEngine announced it
        self._loaded: Optional[dict] = None
        self._loaded_at: Optional[int] = None  # iterations of its run

    @property
    def sampler(self) -> Optional[BLSSampler]:
        """The sampler of the run."""
        return None if self.run is None else self.run.sampler

    @property
    def savings(self) -> Savings:
        """Samples, iterations and seconds of the run so far."""
        return self.run.meter.savings

    def before_run(self, runner) -> None:
        allow_mmengine_checkpoints()

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Keeps the state; whether the run resumes is known only when it trains."""
        self._loaded = checkpoint.get('bls')
        self._loaded_at = checkpoint.get('meta', {}).get('iter')

    def before_train(self, runner) -> None:
        """Prepares the run, and checks it before the first iteration."""
        if not any(isinstance(hook, BeginsLate) for hook in runner.hooks):
            runner.register_hook(BeginsLate(self))
        self._resets_scores = self.reset_scores
        if self.run is None or self.run.runner is not runner:
            check_unused(runner)
        else:  # the run was interrupted
            self.run.schedule_hooks.detach()
            self.run.clock.release()
            if self._loaded is None or self._loaded_at != runner.iter:  # and not resumed since then
                self._loaded, self._resets_scores = state_to_continue(self.run), False
        self.run = PrunedRun(runner, self.components, self.schedule, self.recorder, BLSHook)
        self._must_restore = runner.iter > 0
        if not self._must_restore:
            warn_of_short_run(runner, self.run.sampler, self.run.clock)
            warn_of_thresholds(runner, self.sampler.planner.pruner, self.run.clock)
            self._loaded = None  # of load_from; it would stay in the GPU's memory

    def before_train_epoch(self, runner) -> None:
        if self._must_restore:
            state, self._must_restore, self._loaded = self._loaded, False, None
            self.run.restore(state, self._resets_scores)
        self.run.begin_epoch()

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        if self.run.virtual_epochs is not None:
            self.run.virtual_epochs.start()

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if not self._has_ended_iteration:
            self.run.end_iteration()
        self._has_ended_iteration = False

    def before_val(self, runner) -> None:
        if self.run is not None and self.run.in_epoch:
            self.run.count_iterations()
            self.run.score_and_gather()  # the model may be saved as the best so far

    def after_val_epoch(self, runner, metrics=None) -> None:
        if self.run is not None:
            self.run.meter.restart_timer()  # validation is not training

    def after_train_epoch(self, runner) -> None:
        if self.run.in_epoch:
            self.run.end_epoch()

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Adds what pruning needs to resume. MMEngine calls it on rank 0 only."""
        if self.run is not None:  # otherwise saved without training
            if self.run.tap.has_trained:  # a hook before this one saves at the end of an iteration
                self.run.end_iteration()
                self._has_ended_iteration = True
                update_rates(runner, checkpoint)
            checkpoint['bls'] = self.run.checkpoint_state()

    def after_train(self, runner) -> None:
        self.run.finish()


def check_hook_options(
    components: Optional[Dict[str, float]], schedule: str, reset_scores: bool
) -> None:
    """Raises a ValueError if an option of BLSHook has a value that is not allowed.

    Args:
        components (dict[str, float], optional): Names of losses and finite weights.
        schedule (str): One of ``SCHEDULES``.
        reset_scores (bool): True or False.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f'schedule must be one of {SCHEDULES}, but got {schedule!r}')
    check_bool('reset_scores', reset_scores)
    if components is None:
        return
    has_weights = isinstance(components, dict) and all(
        isinstance(weight, (int, float)) and math.isfinite(weight) for weight in components.values()
    )
    if not has_weights or not components:
        raise ValueError(
            f'components must be a dict of loss names and weights, but got {components!r}; write '
            'for example components=dict(loss_cls=1.0, loss_bbox=0.5)'
        )


def refuse_options_of_sampler(options: Mapping[str, Any]) -> None:
    """Raises a TypeError if an option of BLSHook belongs to BLSSampler or to its pruner."""
    for name, value in options.items():
        if name in PLANNER_OPTIONS:
            raise TypeError(
                f'BLSHook has no option {name!r}, which belongs in pruner=dict(...); write '
                f"train_dataloader=dict(sampler=dict(type='bls_mm.BLSSampler', "
                f"pruner=dict(type='auto', {name}={value!r})))"
            )
        # For the class itself, Python 3.8 returns the signature of Generic.__new__.
        if name in inspect.signature(BLSSampler.__init__).parameters:
            raise TypeError(
                f'BLSHook has no option {name!r}, which belongs to the sampler; write '
                f"train_dataloader=dict(sampler=dict(type='bls_mm.BLSSampler', {name}={value!r}))"
            )
