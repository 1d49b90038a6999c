"""A tracked loader takes the place of another one, and looks like it."""

import copy
import pickle

import pytest
import torch
from loaders import Numbers, drop_sevenths
from torch.utils.data import BatchSampler, DataLoader

from bls_mm.data import TrackedLoader
from bls_mm.samplers import BLSSampler


def through_pickle(value):
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize('with_batch_sampler', [False, True])
def test_public_attributes_are_those_of_the_replaced_loader(with_batch_sampler):
    dataset, generator = Numbers(), torch.Generator()
    sampler = BLSSampler(dataset, seed=0)
    options = dict(sampler=sampler, batch_size=4, drop_last=True)
    if with_batch_sampler:
        options = dict(batch_sampler=BatchSampler(sampler, 4, drop_last=True))
    options.update(num_workers=2, prefetch_factor=3, timeout=60, generator=generator)
    loader = DataLoader(dataset, collate_fn=drop_sevenths, **options)
    tracked = TrackedLoader.replacing(loader)
    for name in (
        *('dataset', 'batch_size', 'sampler', 'batch_sampler', 'drop_last', 'num_workers'),
        *('collate_fn', 'pin_memory', 'timeout', 'worker_init_fn', 'multiprocessing_context'),
        *('generator', 'prefetch_factor', 'persistent_workers'),
    ):
        assert getattr(tracked, name) is getattr(loader, name), name
    assert len(tracked) == len(loader) == 12
    assert isinstance(tracked, DataLoader)
    assert loader._index_sampler is loader.batch_sampler  # the replaced loader stays as it was
    assert type(loader) is DataLoader


def test_replacing_a_tracked_loader_tracks_anew():
    loader = TrackedLoader(Numbers(), 4, sampler=BLSSampler(Numbers(), seed=0))
    begun = iter(loader)
    batch = next(begun)
    again = TrackedLoader.replacing(loader)
    assert again.tracked(batch) is None
    for batch in again:
        assert again.claim(batch).samples.tolist() == batch.tolist()


def test_a_loader_for_one_loop_keeps_its_workers_between_epochs():
    loader = TrackedLoader(Numbers(), 4, sampler=BLSSampler(Numbers(), seed=0), num_workers=1)
    kept = loader.keeping_workers()
    assert (kept.persistent_workers, loader.persistent_workers) == (True, False)
    pids = set()
    for _ in range(2):
        for batch in kept:
            assert loader.claim(batch).samples.tolist() == batch.tolist()
        pids |= {worker.pid for worker in kept._iterator._workers}
    assert len(pids) == 1
    plain = TrackedLoader(Numbers(), 4, sampler=BLSSampler(Numbers(), seed=0))
    assert plain.keeping_workers().persistent_workers is False


@pytest.mark.parametrize('persistent', [False, True])
def test_other_iterations_do_not_disturb_the_loop(persistent):
    options = dict(num_workers=1, persistent_workers=persistent)
    loader = TrackedLoader(Numbers(), 4, sampler=BLSSampler(Numbers(), seed=0), **options)
    batches = []
    for batch in loader.keeping_workers():
        batches.append(batch)
        assert loader.claim(batch).samples.tolist() == batch.tolist()
        if len(batches) == 5:
            assert len(list(loader)) == 13
    assert len(batches) == 13


def test_workers_of_the_replaced_loader_are_not_shared():
    options = dict(num_workers=1, persistent_workers=True)
    loader = DataLoader(Numbers(), 4, sampler=BLSSampler(Numbers(), seed=0), **options)
    begun = iter(loader)
    next(begun)
    tracked = TrackedLoader.replacing(loader)
    for batch in tracked:
        assert tracked.claim(batch).samples.tolist() == batch.tolist()
    assert len(list(begun)) == 12  # its own iteration goes on


class OwnIteration(DataLoader):
    def __iter__(self):
        yield from super().__iter__()


class PlainSubclass(DataLoader):
    """A subclass that iterates as PyTorch does."""


def test_a_subclass_with_its_own_iteration_raises_one_sentence():
    sampler = BLSSampler(Numbers(), seed=0)
    message = 'train_dataloader is a OwnIteration that iterates in its own way.*; use a torch.utils'
    with pytest.raises(TypeError, match=message) as caught:
        TrackedLoader.replacing(OwnIteration(Numbers(), 4, sampler=sampler))
    assert '\n' not in str(caught.value)
    loader = TrackedLoader.replacing(PlainSubclass(Numbers(), 4, sampler=sampler))
    for batch in loader:
        assert loader.claim(batch).samples.tolist() == batch.tolist()


class EpochLoader(DataLoader):
    """A subclass with a method, a property, and parts of an iteration that are not used."""

    epoch = 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    @property
    def is_first(self):
        return self.epoch == 0

    def __len__(self):
        return 99

    def _get_iterator(self):
        raise NotImplementedError


def replaced(loader_type=EpochLoader, **options):
    dataset = Numbers()
    sampler = BLSSampler(dataset, pruner=dict(type='NoPruning'), seed=0)
    return TrackedLoader.replacing(loader_type(dataset, 4, sampler=sampler, **options))


@pytest.mark.parametrize('num_workers', [0, 1])
def test_a_subclass_keeps_its_methods_and_its_type(num_workers):
    loader = replaced(num_workers=num_workers)
    loader.set_epoch(3)
    assert (loader.epoch, loader.is_first) == (3, False)
    assert isinstance(loader, TrackedLoader) and isinstance(loader, EpochLoader)
    assert len(loader) == 13
    for batch in loader.keeping_workers():
        assert loader.claim(batch).samples.tolist() == batch.tolist()
    assert type(TrackedLoader.replacing(loader)) is type(replaced()) is type(loader)
    loader.spread_over(5, smallest=1)
    assert len(list(loader)) == len(loader) == 5
    assert type(replaced(DataLoader)) is TrackedLoader


@pytest.mark.parametrize('copied', [copy.copy, copy.deepcopy, through_pickle])
@pytest.mark.parametrize('kind', [EpochLoader, DataLoader])
def test_copies_of_a_replaced_loader_are_tracked(kind, copied):
    loader = replaced(kind)
    twin = copied(loader)
    assert type(twin) is type(loader)
    for batch in twin:
        assert twin.claim(batch).samples.tolist() == batch.tolist()


def test_own_subclass_of_a_tracked_loader_keeps_its_methods():
    class OwnTracked(TrackedLoader):
        def set_epoch(self, epoch):
            self.epoch = epoch

    loader = replaced(OwnTracked)
    loader.set_epoch(2)
    assert loader.epoch == 2
    assert len(list(loader)) == 13


def test_a_loader_without_the_sampler_raises_one_sentence():
    with pytest.raises(TypeError, match='a TrackedLoader needs a BLSSampler, but has none'):
        TrackedLoader(Numbers(), 4)


def test_batches_out_of_order_raise_one_sentence():
    sampler = BLSSampler(Numbers(), seed=0)
    try:
        loader = DataLoader(Numbers(), 4, sampler=sampler, num_workers=2, in_order=False)
    except TypeError:
        pytest.skip('this version of PyTorch has no in_order')
    with pytest.raises(ValueError, match='in_order=False, but scores are matched to samples by'):
        TrackedLoader.replacing(loader)
