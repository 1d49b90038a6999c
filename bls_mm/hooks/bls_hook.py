"""The hook that carries losses to the sampler."""

import math
import time
from typing import Dict, Optional

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS

from bls_mm.compat import allow_mmengine_checkpoints
from bls_mm.losses import stretch_weight
from bls_mm.samplers import BLSSampler

from .accumulation import (
    average_gradients,
    copy_gradients,
    find_savers,
    is_accumulating,
    is_saving_in_epoch,
    restore_gradients,
)
from .attribution import count_replaced, is_mixing, mixes_batches
from .checks import check_batch_size, check_components, check_run, trains_on_one_sample
from .clock import SCHEDULES, TrainingClock
from .epochs import VirtualEpochs, is_iteration_based, skips_on_resume
from .loader import find_sampler, record_batches
from .loss_tap import LossTap
from .recorder import Recorder
from .sample_losses import SampleLosses
from .savings import Savings

ITERATIONS_BETWEEN_CHECKS = 20  # looking up annotations costs time, and a sample of them is enough


@HOOKS.register_module()
class BLSHook(Hook):
    """Carries the loss of each iteration to the ``BLSSampler``, and keeps MMEngine's clock right.

    Add it to ``default_hooks``, not ``custom_hooks``: dicts merge, lists replace. Its priority puts
    it behind MMEngine's logger and parameter schedules, and before checkpoints.

    A loop that counts iterations runs through virtual epochs, each with a plan of its own.

    Args:
        components (dict[str, float], optional): Loss components that make up the score, and their
            weights, such as ``dict(loss_cls=1.0, loss_bbox=0.5)``. Training minimises all of them
            whatever is named here. Defaults to None, all components: the loss that is minimised.
        schedule (str): ``'progress'``: parameter schedules that step by iteration, and loops that
            count iterations, follow the progress of the epoch, and so end where they should;
            ``'iteration'``: steps count as they come. Defaults to ``'progress'``.
        reset_scores (bool): Whether a resumed run forgets the scores of its checkpoint, as it must
            with another data set. Defaults to False.
        unbiased_weights (bool): Whether the weight of a batch whose samples cannot be told apart is
            the one that leaves the expected gradient right, at more noise; see
            :func:`bls_mm.losses.stretch_weight`. Worth it for batches of 2 to 4 at most. Defaults
            to False, their mean.
        history_mb (float): Most megabytes that the records of all epochs take in the folder ``bls``
            of the work dir, at 2 bytes and a bit for each sample and epoch; beyond that scores are
            those of every second sample, every third, ... Defaults to 100.

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
        unbiased_weights: bool = False,
        history_mb: float = 100,
    ) -> None:
        if schedule not in SCHEDULES:
            raise ValueError(f'schedule must be one of {SCHEDULES}, but got {schedule!r}')
        check_components(components)
        for option, value in dict(
            reset_scores=reset_scores, unbiased_weights=unbiased_weights
        ).items():
            if not isinstance(value, bool):
                raise ValueError(f'{option} must be True or False, but got {value!r}')
        self.components = components
        self.schedule = schedule
        self.reset_scores = reset_scores
        self.unbiased_weights = unbiased_weights
        self.recorder = Recorder(history_mb)
        self.savings = Savings()
        self.sampler: Optional[BLSSampler] = None
        self.in_epoch = False
        self._loaded: Optional[dict] = None

    # The life of a run

    def before_run(self, runner) -> None:
        allow_mmengine_checkpoints()

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Notes the state; whether the run resumes is not known before it trains."""
        self._loaded = checkpoint.get('bls')

    def before_train(self, runner) -> None:
        """Prepares the run: everything that can be wrong with it is found here."""
        loop = runner.train_loop
        self.sampler = find_sampler(loop.dataloader)
        check_run(runner, self.sampler, loop.dataloader, BLSHook)
        loop.dataloader = record_batches(loop.dataloader, is_endless=is_iteration_based(loop))
        self.batches = loop.dataloader.batch_sampler
        self.samples_of_full_epoch = len(self.sampler)
        self.clock = TrainingClock(runner, len(loop.dataloader), self.schedule)
        self.sampler.max_epochs = math.ceil(self.clock.num_epochs)
        self.model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if (
            not self.batches.drop_last
            and not trains_on_one_sample(self.model)
            and self.batches.batch_size > 1
        ):
            self.sampler.never_one_of = self.batches.batch_size
        per_sample = self.sampler.scorer.needs_sample_losses
        self.sample_losses = SampleLosses()
        self.tap = LossTap(
            self.model,
            per_sample,
            self.components,
            compiled=bool(runner.cfg.get('compile')),
        )
        self.savers = find_savers(runner)
        self.resumes = runner.iter > 0
        if not self.resumes:
            self._loaded = None  # of load_from; it would lie in the GPU's memory until the end
        self.next_epoch = 0
        self.next_position = 0
        if is_iteration_based(loop):
            loop.dataloader_iterator = VirtualEpochs(
                loop.dataloader,
                begin=lambda: self._begin_epoch(runner),
                end=lambda: self._end_epoch(runner),
                num_to_skip=runner.iter if skips_on_resume(loop) else 0,
            )

    def before_train_epoch(self, runner) -> None:
        if self.resumes:
            self.resumes = False
            self._restore(runner)
        if not is_iteration_based(runner.train_loop):
            self.next_epoch = runner.epoch
        self._begin_epoch(runner)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Recalls the samples of the batch that came back, and weighs them."""
        batch = self.batches.next_returned()
        self.batch = batch.samples
        check_batch_size(data_batch, len(self.batch))
        if self.clock.position % ITERATIONS_BETWEEN_CHECKS == 0:
            self._check_attribution(runner, data_batch)
        if self.unbiased_weights:
            weight = stretch_weight(batch.weight, len(self.batch), self.sampler.mean_weight)
            batch = batch._replace(weight=weight)
        self.tap.batch = batch

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Scores the batch."""
        start = time.perf_counter()
        self.sampler.update(self.batch, self.tap.read())
        self.clock.tick()
        if self.savers and is_saving_in_epoch(runner, self.savers):
            self._gather_for_checkpoint(runner)
        self.samples_uncounted += len(self.batch)
        self.savings.scoring_seconds += time.perf_counter() - start

    def before_val(self, runner) -> None:
        if self.in_epoch:
            self._count_iterations()
            self._gather_for_checkpoint(runner)  # it may turn out the best so far, and be saved

    def after_val_epoch(self, runner, metrics=None) -> None:
        self.counted_until = time.perf_counter()  # validation is no training

    def after_train_epoch(self, runner) -> None:
        if self.in_epoch:
            self._end_epoch(runner)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Adds what pruning needs to resume; on rank 0 only."""
        if self.sampler is None:
            return  # saved without training
        if self.in_epoch:
            self._count_iterations()
        checkpoint['bls'] = dict(
            sampler=self.sampler.state_dict(),
            savings=dict(vars(self.savings)),
            epoch=self.sampler.epoch,
            position=self.clock.position,
            shape=self._shape(),
            gradients=copy_gradients(self.model) if is_accumulating(runner) else [],
        )

    def after_train(self, runner) -> None:
        """Leaves the model as it was."""
        self.tap.remove()
        self.sample_losses.undo()
        self.recorder.end_run(runner, self.sampler, self.savings)

    # Epochs, of the loop or virtual

    def _begin_epoch(self, runner) -> None:
        epoch, position = self.next_epoch, self.next_position
        self.in_epoch, self.next_epoch, self.next_position = True, epoch + 1, 0
        self.sampler.max_epochs = self.clock.epochs_of_run(epoch, position)
        self.sampler.set_epoch(epoch)
        self.batches.skip(0)
        length = len(self.batches)
        if length == 0:
            runner.logger.warning(
                f'BLS: the {len(self.sampler)} kept samples of epoch {epoch + 1} fill no batch, '
                'and drop_last leaves them out: the epoch trains on all samples instead'
            )
            self.sampler.keep_all()
            length = len(self.batches)
        self.batches.skip(position)
        if self.tap.per_sample is not False:
            self.sample_losses.ask(self.model)  # of each epoch: losses may be switched
        self.mixing = is_mixing(self.sampler.dataset)
        self.clock.start_epoch(epoch, length, position)
        self.counted, self.samples_uncounted = position, 0
        self.counted_until = time.perf_counter()
        self.recorder.begin_epoch(runner, self.sampler, self.savings)

    def _end_epoch(self, runner) -> None:
        start = time.perf_counter()
        self._gather_for_checkpoint(runner)
        savings = self.savings
        savings.scoring_seconds += time.perf_counter() - start
        self._count_iterations()
        savings.epochs += 1
        savings.skipped_losses = self.sampler.scorer.skipped
        savings.planning_seconds += self.sampler.planning_seconds
        savings.training_seconds += self.sampler.planning_seconds
        self.sampler.planning_seconds = 0.0
        self.in_epoch = False
        self.recorder.end_epoch(runner, self.sampler, savings)

    def _gather_for_checkpoint(self, runner) -> None:
        """Makes rank 0 know everything that a checkpoint needs; on all ranks together."""
        self.sampler.gather_state()
        if is_accumulating(runner):
            average_gradients(self.model)

    def _count_iterations(self) -> None:
        """Counts the iterations of the epoch that are done and were not counted yet."""
        savings, clock, world_size = self.savings, self.clock, self.sampler.world_size
        num_samples, self.samples_uncounted = self.samples_uncounted * world_size, 0
        since, self.counted = self.counted, clock.position
        savings.iterations += clock.position - since
        savings.iterations_unpruned += clock.share_of(clock.full_length, since)
        savings.samples_seen += num_samples
        savings.samples_unpruned += clock.share_of(self.samples_of_full_epoch, since) * world_size
        mixed = self.mixing or (self.tap.per_sample and mixes_batches(self.model))
        savings.mixed_samples += num_samples if mixed else 0
        now = time.perf_counter()
        savings.training_seconds += now - self.counted_until
        self.counted_until = now

    def _check_attribution(self, runner, data_batch) -> None:
        world_size = self.sampler.world_size
        replaced = count_replaced(self.sampler.dataset, self.batch.tolist(), data_batch)
        self.savings.checked_samples += len(self.batch) * world_size
        self.savings.replaced_samples += replaced * world_size

    # Resume

    def _shape(self) -> dict:
        return dict(
            world_size=self.sampler.world_size,
            batch_size=self.batches.batch_size,
            num_shards=self.sampler.shards.size,
        )

    def _restore(self, runner) -> None:
        state, self._loaded = self._loaded, None
        if state is None or self.reset_scores:
            runner.logger.warning(
                'BLS: reset_scores=True: every sample counts as never scored'
                if self.reset_scores
                else 'BLS: the checkpoint was saved without BLSHook: every sample counts as never '
                'scored'
            )
            if is_iteration_based(runner.train_loop):
                done = runner.iter if state is None else state['savings']['iterations_unpruned']
                self.next_epoch = done // self.clock.full_length
            return
        self.sampler.load_state_dict(state['sampler'])
        self.tap.per_sample = self.sampler.scorer.needs_sample_losses  # as 'auto' had decided
        self.savings = Savings(**state['savings'])
        restore_gradients(self.model, state['gradients'])
        if not is_iteration_based(runner.train_loop) and state['epoch'] != runner.epoch:
            return  # saved after the epoch
        self.next_epoch = state['epoch']
        if state['shape'] == self._shape():
            self.next_position = state['position']
            return
        self.sampler.forget_plan()
        runner.logger.warning(
            f'BLS: the checkpoint was saved within epoch {state["epoch"] + 1} by a run of '
            f'{state["shape"]}, this run is of {self._shape()}: scores are kept, the epoch is '
            'planned anew and starts over'
        )
