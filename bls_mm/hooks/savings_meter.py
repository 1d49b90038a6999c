"""Counts samples, iterations and seconds while a run trains."""

import math
import time
from typing import Any, Sequence

import numpy as np

from bls_mm.data import BatchCount
from bls_mm.records.savings import Savings
from bls_mm.samplers import BLSSampler

from .attribution import count_replaced, is_mixing
from .clock import TrainingClock
from .loss_tap import TrainedBatch
from .training_loader import leaves_epoch

ITERATIONS_BETWEEN_CHECKS = 20  # of samples: a look at annotations costs time


class SavingsMeter:
    """Adds up what a run trains on, and what it would train on without pruning.

    Args:
        sampler (BLSSampler): The sampler of the run, with a plan of all samples.
        clock (TrainingClock): Knows the position in the epoch.
        batch_size (int): Usual number of samples per batch.
        drops_last (bool): Whether samples that do not fill a batch are dropped. Defaults to False.

    Attributes:
        savings (Savings): The sums so far.
        batch_size (int): Usual number of samples per batch.
    """

    def __init__(
        self, sampler: BLSSampler, clock: TrainingClock, batch_size: int, drops_last: bool = False
    ) -> None:
        self.savings = Savings()
        self._sampler = sampler
        self._clock = clock
        self.batch_size = batch_size
        self._drops_last = drops_last
        self._full_length = self._trained_length(sampler)
        self._is_mixing = False
        self._counted = 0  # iterations of the epoch that are in the sums
        self._uncounted_samples = 0
        self._seen_before = 0  # samples, when the epoch began
        self._most_iterations = math.inf  # of an epoch, if the loop leaves its epochs
        self._timed_until = 0.0
        self._planning_seconds = 0.0  # of the sampler, that are in the sums

    def resume(self, savings: dict) -> None:
        """Continues the sums of a checkpoint."""
        self.savings = Savings(**savings)

    def follow(self, sampler: BLSSampler) -> None:
        """Continues with the sampler of a new loader, with a plan of all samples."""
        self._full_length = self._trained_length(sampler)
        self._sampler = sampler
        self._planning_seconds = min(self._planning_seconds, sampler.planning_seconds)

    def _trained_length(self, sampler: BLSSampler) -> int:
        """Returns how many samples of this rank an epoch on all samples trains on."""
        return len(sampler) - (len(sampler) % self.batch_size if self._drops_last else 0)

    def begin_epoch(self) -> None:
        """Starts to count at the clock's position in the epoch."""
        self._counted, self._uncounted_samples = self._clock.position, 0
        done = self._clock.position * self.batch_size * self._sampler.world_size
        self._seen_before = self.savings.samples_seen - done
        self._is_mixing = is_mixing(self._sampler.dataset)
        self.restart_timer()

    def restart_timer(self) -> None:
        """Leaves out the time since the last count, such as that of a validation."""
        self._timed_until = time.perf_counter()

    def count_batches(self, trained: Sequence[TrainedBatch], seconds: float) -> None:
        """Counts the batches that this rank trained on in an iteration.

        Args:
            trained (sequence[TrainedBatch]): Their samples and losses. A batch whose samples are
                not known counts as having the usual size.
            seconds (float): Time that was spent on their scores.
        """
        for tracked, loss in trained:
            self._uncounted_samples += self.batch_size if tracked is None else len(tracked.samples)
            self.savings.unscored_batches += loss is None
        self.savings.scoring_seconds += seconds

    def check_samples(self, samples: np.ndarray, data_batch: Any) -> None:
        """Counts the samples of a batch that the pipeline replaced by others.

        Args:
            samples (np.ndarray): ``(B,)`` int64, the samples of the batch.
            data_batch (object): The batch.
        """
        world_size = self._sampler.world_size
        replaced = count_replaced(self._sampler.dataset, samples.tolist(), data_batch)
        self.savings.checked_samples += len(samples) * world_size
        self.savings.replaced_samples += replaced * world_size

    def count_iterations(self, mixes_batches: bool = False) -> None:
        """Adds the iterations of the epoch that are done and not in the sums yet.

        Args:
            mixes_batches (bool): Whether the model mixes the samples of a batch while each of them
                is scored by its own loss.
        """
        savings, clock, world_size = self.savings, self._clock, self._sampler.world_size
        num_samples, self._uncounted_samples = self._uncounted_samples * world_size, 0
        since, self._counted = self._counted, clock.position
        savings.iterations += clock.position - since
        savings.iterations_unpruned += clock.share_of(clock.full_length, since)
        savings.samples_seen += num_samples
        savings.samples_unpruned += clock.share_of(self._full_length, since) * world_size
        savings.mixed_samples += num_samples if self._is_mixing or mixes_batches else 0
        now = time.perf_counter()
        savings.training_seconds += now - self._timed_until
        self._timed_until = now

    def end_epoch(self, batches: BatchCount) -> None:
        """Counts a finished epoch and the time of its planning, which no iteration contains.

        Args:
            batches (BatchCount): The batches of the epoch.
        """
        self._correct_unpruned(batches)
        savings, sampler = self.savings, self._sampler
        savings.epochs += 1
        savings.skipped_losses = sampler.scorer.skipped
        planning, self._planning_seconds = self._planning_seconds, sampler.planning_seconds
        savings.planning_seconds += sampler.planning_seconds - planning
        savings.training_seconds += sampler.planning_seconds - planning

    def _correct_unpruned(self, batches: BatchCount) -> None:
        """Corrects what the epoch would train on without pruning, now that its length is known."""
        savings, clock, world_size = self.savings, self._clock, self._sampler.world_size
        savings.iterations_unpruned -= clock.share_of(clock.full_length, 0)
        savings.samples_unpruned -= clock.share_of(self._full_length, 0) * world_size
        if leaves_epoch(clock, batches):
            self._most_iterations = clock.position
            savings.iterations_unpruned += clock.position
            savings.samples_unpruned += savings.samples_seen - self._seen_before
            return
        if batches.is_complete and batches.number > 0:
            clock.correct_length(batches.number)
        num_iterations = min(max(clock.full_length, clock.length), self._most_iterations)
        num_samples = min(self._full_length, self._most_iterations * self.batch_size)
        savings.iterations_unpruned += clock.share_of(num_iterations, 0)
        savings.samples_unpruned += clock.share_of(num_samples, 0) * world_size

    def count_scoring(self, seconds: float) -> None:
        """Counts seconds as spent on scores."""
        self.savings.scoring_seconds += seconds
