"""Batch samplers of users: endless ones, and ones that do not batch what their sampler yields."""

from itertools import count, cycle

import pytest
from torch.utils.data import BatchSampler, Sampler
from toy import ToyData, assert_same_scores, build_runner, read_log, replay, train

EPOCHS = dict(by_epoch=True, max_epochs=6)
ITERATIONS = dict(by_epoch=False, max_iters=66, val_interval=1000)
LOOPS = pytest.mark.parametrize('train_cfg', [EPOCHS, ITERATIONS], ids=['epochs', 'iterations'])


class OwnBatches(Sampler):
    """The frame of a batch sampler."""

    def __init__(self, sampler, batch_size, drop_last=False):
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def batches_of(self, samples):
        return BatchSampler(samples, self.batch_size, self.drop_last)

    def __iter__(self):
        return iter(self.batches_of(self.sampler))

    def __len__(self):
        return len(self.batches_of(self.sampler))


class FixedBatches(OwnBatches):
    """Batches the whole data set, whatever the sampler yields."""

    def batches_of(self, samples):
        return super().batches_of(range(len(self.sampler.dataset)))


class WithoutLength(OwnBatches):
    __len__ = None


class EndlessWithoutLength(OwnBatches):
    def __iter__(self):
        while True:
            yield from super().__iter__()

    def __len__(self):
        raise NotImplementedError


class EndlessBatches(OwnBatches):
    """Batches the samples of one epoch after another, across their ends."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.bucket = []

    def __iter__(self):
        while True:
            for index in self.sampler:
                self.bucket.append(index)
                if len(self.bucket) == self.batch_size:
                    yield self.bucket[:]
                    self.bucket.clear()


class EndlessDataSet(OwnBatches):
    """Batches the whole data set over and over; only its length is that of its sampler."""

    def __iter__(self):
        for first in count():
            yield [(first + i) % len(self.sampler.dataset) for i in range(self.batch_size)]


class Circles(OwnBatches):
    """Repeats the batches of an epoch over and over."""

    def __iter__(self):
        return cycle(super().__iter__())


class ByWidth(OwnBatches):
    """Puts wide and narrow samples into different batches; reads ``sampler.dataset``."""

    def batches_of(self, samples):
        wide = [index for index in samples if self.sampler.dataset.get_data_info(index)['wide']]
        narrow = [index for index in samples if index not in set(wide)]
        return [list(b) for part in (wide, narrow) for b in super(ByWidth, self).batches_of(part)]


class OtherSamples(OwnBatches):
    """Has the length of its sampler, but other samples."""

    def batches_of(self, samples):
        return super().batches_of(range(len(samples)))


class Widths(ToyData):
    def get_data_info(self, index):
        return dict(wide=index % 3 == 0)


def options(kind, train_cfg, **more):
    loader = dict(dataset=Widths(), batch_sampler=dict(type=kind), **more)
    return dict(loader=loader, train_cfg=dict(train_cfg), pruner=dict(type='DynamicRandom'))


@LOOPS
def test_batch_sampler_that_ignores_its_sampler_is_refused(tmp_path, train_cfg):
    runner = build_runner(tmp_path, **options(FixedBatches, train_cfg))
    with pytest.raises(TypeError, match='length of the batch sampler FixedBatches does not follow'):
        runner.train()
    assert runner.iter == 0


@pytest.mark.parametrize('kind', [WithoutLength, EndlessWithoutLength])
def test_batch_sampler_without_length_is_refused(tmp_path, kind):
    # A loop of epochs asks for the length itself.
    runner = build_runner(tmp_path, **options(kind, ITERATIONS))
    with pytest.raises(TypeError, match=f'the batch sampler {kind.__name__} has no length, so'):
        runner.train()
    assert runner.iter == 0


@pytest.mark.parametrize('num_workers', [0, 2])
@pytest.mark.parametrize('kind', [EndlessBatches, EndlessDataSet])
def test_endless_batch_sampler_is_refused(tmp_path, kind, num_workers):
    runner = build_runner(tmp_path, num_workers=num_workers, **options(kind, ITERATIONS))
    with pytest.raises(TypeError, match=f'the batch sampler {kind.__name__} never ends, so no'):
        runner.train()
    assert runner.iter == 0


def test_batch_sampler_that_goes_round_in_circles_gets_epochs(tmp_path):
    _, recorder, hook = train(tmp_path, **options(Circles, ITERATIONS))
    assert hook.savings.epochs == 6
    assert len(recorder.batches) == 48
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert hook.savings.samples_seen == sum(map(len, recorder.batches))
    assert 'leaves out' not in read_log(tmp_path)


@LOOPS
def test_batch_sampler_that_reads_the_data_set_batches_the_plan(tmp_path, train_cfg):
    _, recorder, hook = train(tmp_path, **options(ByWidth, train_cfg))
    assert all(len({index % 3 == 0 for index in batch}) == 1 for batch in recorder.batches)
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert 0.2 < hook.savings.pruned < 0.4
    assert 'leaves out' not in read_log(tmp_path)


@LOOPS
def test_batch_sampler_with_other_samples_is_scored_and_warned_about(tmp_path, train_cfg):
    _, recorder, hook = train(tmp_path, **options(OtherSamples, train_cfg))
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert read_log(tmp_path).count('yields samples that the plan of the epoch leaves out') == 1
