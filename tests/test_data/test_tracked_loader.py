"""A batch carries its samples, whatever a loop does with the loader."""

import pytest
from loaders import NUM, Numbers, ReusedBatch, drop_sevenths
from torch.utils.data import DataLoader

from bls_mm.data import TrackedLoader
from bls_mm.samplers import BLSSampler

WORKERS = [dict(num_workers=0), dict(num_workers=2), dict(num_workers=2, persistent_workers=True)]


def make(dataset=None, pruner='InfoBatch', **options):
    dataset = dataset or Numbers()
    sampler = BLSSampler(dataset, pruner=dict(type=pruner), seed=0, max_epochs=8)
    options = {'batch_size': 4, **options}
    return TrackedLoader.replacing(DataLoader(dataset, sampler=sampler, **options))


def assert_tracked(loader, batch):
    """Claims a batch, which must have its own samples, once."""
    assert loader.tracked(batch).samples.tolist() == batch.tolist()
    assert loader.claim(batch).samples.tolist() == batch.tolist()
    assert loader.claim(batch) is None


@pytest.mark.parametrize('options', WORKERS)
class TestWithAnyWorkers:
    def test_every_batch_has_its_samples(self, options):
        loader = make(**options)
        for _ in range(2):
            seen = []
            for batch in loader:
                assert_tracked(loader, batch)
                seen += batch.tolist()
            assert sorted(seen) == list(range(NUM))

    def test_skipped_batches_shift_nothing(self, options):
        loader = make(**options)
        for number, batch in enumerate(loader):
            if number % 3 == 0:
                assert_tracked(loader, batch)

    def test_a_peek_inside_the_loop_shifts_nothing(self, options):
        loader = make(**options)
        for number, batch in enumerate(loader):
            if number in (2, 5):
                peek = next(iter(loader))
                assert_tracked(loader, peek)
            assert_tracked(loader, batch)
            if number == 20:
                break  # with persistent workers, a peek starts the epoch anew

    def test_interleaved_iterations_have_their_own_samples(self, options):
        loader = make(**options)
        one, other = iter(loader), iter(loader)
        first, second = next(one), next(other)
        assert_tracked(loader, second)
        third = next(one)
        assert_tracked(loader, third)
        assert_tracked(loader, first)
        for batch in other:
            assert_tracked(loader, batch)

    def test_a_broken_batch_shifts_nothing(self, options):
        loader = make(Numbers(broken=13), **options)
        iterator, seen, errors = iter(loader), [], 0
        while True:
            try:
                batch = next(iterator)
            except StopIteration:
                break
            except ValueError:
                errors += 1
                continue
            assert_tracked(loader, batch)
            seen += batch.tolist()
        assert errors == 1
        assert len(seen) == NUM - 4

    def test_batches_that_are_none_shift_nothing(self, options):
        loader = make(collate_fn=drop_sevenths, **options)
        batches = list(loader)
        assert None in batches
        for batch in loader:
            if batch is None:
                assert loader.tracked(None) is None and loader.claim(None) is None
            else:
                assert_tracked(loader, batch)

    def test_an_abandoned_epoch_shifts_nothing(self, options):
        loader = make(**options)
        iterator = iter(loader)
        next(iterator), next(iterator)
        for batch in loader:
            assert_tracked(loader, batch)

    def test_skip_leaves_out_the_first_batches(self, options):
        loader = make(**options)
        whole = [batch.tolist() for batch in loader]
        loader.skip(3)
        assert len(loader) == len(whole) - 3
        rest = []
        for batch in loader:
            assert_tracked(loader, batch)
            rest.append(batch.tolist())
        assert rest == whole[3:]

    def test_iterators_know_their_length(self, options):
        assert len(iter(make(**options))) == 13


def test_an_interrupted_batch_shifts_nothing():
    class Interrupted(Numbers):
        is_interrupted = False

        def __getitem__(self, index):
            if index == 13 and not self.is_interrupted:
                self.is_interrupted = True
                raise KeyboardInterrupt
            return index

    loader = make(Interrupted())
    iterator = iter(loader)
    with pytest.raises(KeyboardInterrupt):
        for batch in iterator:
            assert_tracked(loader, batch)
    for batch in iterator:  # as in the next cell of a notebook
        assert_tracked(loader, batch)


def test_a_reused_batch_object_has_the_samples_of_its_last_content():
    loader = make(collate_fn=ReusedBatch())
    for number, batch in enumerate(loader):
        if number % 2:  # every second one is skipped
            assert loader.claim(batch).samples.tolist() == batch['samples'].tolist()


def test_a_batch_of_another_loader_has_no_samples():
    loader, other = make(), make()
    batch = next(iter(other))
    next(iter(loader))
    assert loader.tracked(batch) is None and loader.claim(batch) is None
    assert loader.claim(next(iter(loader)).clone()) is None


def test_the_last_8_unclaimed_batches_are_remembered():
    loader = make()
    batches = list(loader)
    assert [loader.tracked(batch) is not None for batch in batches] == [False] * 5 + [True] * 8


def test_batches_carry_their_weights():
    loader = make()
    sampler = loader.sampler
    for batch in loader:
        sampler.update(batch, float(batch.float().mean()))
        assert loader.claim(batch).weights is None
    sampler.set_epoch(1)
    for batch in loader:
        tracked = loader.claim(batch)
        assert tracked.weights.tolist() == sampler.weights_of(batch).tolist()
        assert tracked.weight == pytest.approx(tracked.weights.mean())
    assert {1.0, 2.0} == set(sampler.plan.weights.tolist())
