"""SavingsMeter counts samples and iterations of an epoch."""

from types import SimpleNamespace

import numpy as np
import pytest

from bls_mm import BLSSampler
from bls_mm.data import BatchCount, TrackedBatch
from bls_mm.hooks.savings_meter import SavingsMeter


class Clock(SimpleNamespace):
    """A clock in an epoch of 8 iterations, 11 on all samples."""

    full_length, length, position = 11, 8, 0

    def share_of(self, whole, since):
        return self.position * whole // self.length - since * whole // self.length


@pytest.fixture
def meter():
    clock = Clock()
    meter = SavingsMeter(BLSSampler(range(42), seed=0), clock, batch_size=4)
    meter.clock = clock
    meter.begin_epoch()
    return meter


def count(meter, num_batches, tracked=TrackedBatch(np.arange(4))):  # noqa: B008
    for _ in range(num_batches):
        meter.count_batches([(tracked, None if tracked is None else 0.5)], 0.0)
        meter.clock.position += 1


def test_samples_of_an_epoch_are_compared_with_all_samples(meter):
    count(meter, 8)
    meter.count_iterations()
    savings = meter.savings
    assert (savings.samples_seen, savings.samples_unpruned) == (32, 42)
    assert (savings.iterations, savings.iterations_unpruned) == (8, 11)
    assert savings.unscored_batches == 0


def test_counting_twice_within_an_epoch_gives_the_same_sums(meter):
    count(meter, 3)
    meter.count_iterations()
    meter.count_iterations()
    count(meter, 5)
    meter.count_iterations()
    assert (meter.savings.samples_seen, meter.savings.samples_unpruned) == (32, 42)
    assert (meter.savings.iterations, meter.savings.iterations_unpruned) == (8, 11)


def test_unknown_batch_counts_with_the_usual_size(meter):
    count(meter, 6)
    count(meter, 2, tracked=None)
    meter.count_iterations()
    assert meter.savings.samples_seen == 32
    assert meter.savings.unscored_batches == 2


def test_resumed_epoch_counts_from_its_position(meter):
    meter.clock.position = 5
    meter.begin_epoch()
    count(meter, 3)
    meter.count_iterations()
    assert meter.savings.samples_seen == 12
    assert meter.savings.samples_unpruned == 42 - 5 * 42 // 8
    assert meter.savings.iterations == 3


def test_savings_of_a_checkpoint_without_newer_counts_continue(meter):
    meter.resume(dict(epochs=3, samples_seen=100, samples_unpruned=200))
    assert meter.savings.pruned == 0.5
    assert meter.savings.unscored_batches == 0


@pytest.mark.parametrize(('num', 'expected'), [(42, 42), (20, 20)])
def test_sampler_of_a_new_loader_sets_the_number_of_all_samples(meter, num, expected):
    meter.follow(BLSSampler(range(num), seed=0))
    count(meter, 8)
    meter.count_iterations()
    assert meter.savings.samples_unpruned == expected


def test_time_of_scoring_and_planning_is_counted(meter):
    meter.count_scoring(0.5)
    sampler = BLSSampler(range(42), seed=0)
    meter.follow(sampler)
    sampler.plan_epoch(0, 4)
    meter.end_epoch(BatchCount())
    assert 0.5 <= meter.savings.scoring_seconds < 5
    assert meter.savings.planning_seconds == pytest.approx(sampler.planning_seconds)
    assert meter.savings.epochs == 1
