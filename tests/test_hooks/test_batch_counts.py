"""Epochs whose number of batches differs from the length of their loader."""

import pytest
from mmengine.registry import LOOPS
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import BatchSampler
from toy import ToyData, assert_same_scores, read_log, replay, train

from bls_mm.data import BatchCount

EPOCHS = dict(by_epoch=True, max_epochs=6)
ITERATIONS = dict(by_epoch=False, max_iters=40, val_interval=1000)
LOOPS_OF_MMENGINE = pytest.mark.parametrize(
    'train_cfg', [EPOCHS, ITERATIONS], ids=['epochs', 'iterations']
)
NO_BATCH = 'yields no batch of the kept samples'
FEWER = 'yields fewer batches than its length says'
LEFT = 'the loop ends its epochs before their last batch'


class Buckets(BatchSampler):
    """Each batch is of one of five kinds; the length is that of plain batches."""

    def __iter__(self):
        buckets = {}
        for index in self.sampler:
            buckets.setdefault(index % 5, []).append(index)
            if len(buckets[index % 5]) == self.batch_size:
                yield buckets.pop(index % 5)
        if not self.drop_last:
            yield from buckets.values()


class WithoutBatches(Buckets):
    """Has the length of its sampler, but never a batch."""

    def __iter__(self):
        return iter(())


class Halves(Buckets):
    """Yields every second batch only."""

    def __iter__(self):
        return (batch for number, batch in enumerate(BatchSampler.__iter__(self)) if number % 2)


def run(work_dir, kind, train_cfg, batch_size=8, ratio=0.4, **options):
    batch_sampler = dict(type=kind, drop_last=options.pop('drop_last', True))
    return train(
        work_dir,
        loader=dict(batch_sampler=batch_sampler),
        batch_size=batch_size,
        train_cfg=dict(train_cfg),
        pruner=dict(type='DynamicRandom', prune_ratio=ratio, delta=1.0),
        **options,
    )


@pytest.mark.parametrize('num_workers', [0, 2])
@LOOPS_OF_MMENGINE
def test_epoch_without_a_batch_trains_on_all_samples(tmp_path, train_cfg, num_workers):
    _, recorder, hook = run(tmp_path, Buckets, train_cfg, num_workers=num_workers)
    assert len(recorder.batches) >= 30
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    seen = sum(map(len, recorder.batches))
    assert hook.savings.samples_seen == seen
    assert hook.savings.pruned < 0.2
    assert read_log(tmp_path).count(NO_BATCH) == 1


def test_epoch_without_a_batch_keeps_schedule_and_length(tmp_path):
    schedule = [dict(type='LinearLR', start_factor=0.1, end=30, by_epoch=False)]
    runner, recorder, hook = run(tmp_path, Buckets, EPOCHS, param_scheduler=schedule)
    assert runner.iter == runner.max_iters == len(recorder.batches) == 30
    assert runner.optim_wrapper.get_lr()['lr'] == [pytest.approx(0.01)]
    assert hook.savings.iterations == hook.savings.iterations_unpruned == 30


def test_epoch_without_a_batch_can_be_resumed(tmp_path):
    checkpoints = dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=7))
    _, whole, _ = run(tmp_path / 'whole', Buckets, EPOCHS, default_hooks=dict(checkpoints))
    options = dict(resume=True, load_from=str(tmp_path / 'whole' / 'iter_7.pth'))
    _, rest, hook = run(tmp_path / 'rest', Buckets, EPOCHS, **options)
    assert rest.batches == whole.batches[7:]
    assert hook.savings.iterations == 30


@LOOPS_OF_MMENGINE
def test_batch_sampler_that_never_yields_a_batch_is_refused(tmp_path, train_cfg):
    with pytest.raises(ValueError, match='yields no batch, although the epoch trains on all 42'):
        run(tmp_path, WithoutBatches, train_cfg)


def test_more_batches_than_announced_do_not_change_the_number_of_all_samples(tmp_path):
    options = dict(batch_size=4, ratio=0.3, drop_last=False)
    _, recorder, hook = run(tmp_path, Buckets, EPOCHS, **options)
    assert len(recorder.batches) > 6 * 8
    assert hook.savings.samples_unpruned == 6 * 42
    assert hook.savings.pruned == pytest.approx(1 - 6 * 29 / (6 * 42))
    assert hook.savings.iterations == len(recorder.batches)
    assert FEWER not in read_log(tmp_path)


def test_full_epochs_with_more_batches_than_announced_save_nothing(tmp_path):
    _, recorder, hook = run(tmp_path, Buckets, EPOCHS, batch_size=4, ratio=0.0, drop_last=False)
    savings = hook.savings
    assert savings.iterations == savings.iterations_unpruned == len(recorder.batches) == 6 * 12
    assert savings.pruned == 0


@LOOPS_OF_MMENGINE
def test_fewer_batches_than_announced_are_counted_and_warned_about(tmp_path, train_cfg):
    schedule = [dict(type='LinearLR', start_factor=0.1, end=30, by_epoch=False)]
    options = dict(batch_size=4, ratio=0.3, param_scheduler=schedule)
    runner, recorder, hook = run(tmp_path, Halves, train_cfg, **options)
    assert hook.savings.samples_seen == sum(map(len, recorder.batches))
    # 7 batches are announced and 3 come; an epoch of all samples has at most 10.
    if train_cfg is EPOCHS:
        assert hook.savings.samples_unpruned == 6 * 42
        assert hook.savings.iterations_unpruned == 6 * 10
    assert runner.optim_wrapper.get_lr()['lr'] == [pytest.approx(0.01)]
    assert read_log(tmp_path).count(FEWER) == 1


@LOOPS.register_module()
class ShortEpochs(EpochBasedTrainLoop):
    """Ends each epoch after a number of iterations."""

    def __init__(self, *args, num_iterations, **kwargs):
        super().__init__(*args, **kwargs)
        self.num_iterations = num_iterations

    def run_epoch(self):
        self.runner.call_hook('before_train_epoch')
        for number, batch in enumerate(self.dataloader):
            if number == self.num_iterations:
                break
            self.run_iter(number, batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1


@pytest.mark.parametrize(
    ('num_iterations', 'unpruned'),
    [(5, 30), (9, 54), (11, 66)],  # epochs have 11 iterations, and 8 if they are pruned
)
def test_loop_that_leaves_its_epochs_saves_what_it_does_not_train_on(
    tmp_path, num_iterations, unpruned
):
    loop = dict(type='ShortEpochs', max_epochs=6, num_iterations=num_iterations)
    pruner = dict(type='EpsilonGreedy', prune_ratio=0.3, delta=1.0)
    _, recorder, hook = train(tmp_path, train_cfg=loop, pruner=pruner)
    savings = hook.savings
    assert savings.iterations == len(recorder.batches)
    assert savings.iterations_unpruned == unpruned
    assert savings.samples_seen == sum(map(len, recorder.batches))
    assert savings.samples_unpruned == min(4 * unpruned, 6 * 42)
    assert read_log(tmp_path).count(LEFT) == (num_iterations < 11)


def test_longest_iteration_over_the_loader_counts():
    count = BatchCount()
    count.restart(2)
    count.note(3)
    count.note(1)  # a hook looks at the first batch
    assert (count.number, count.is_complete) == (5, False)
    count.note(4, is_complete=True)
    count.note(1)
    assert (count.number, count.is_complete) == (6, True)


def test_length_announced_by_plain_batches_is_right(tmp_path):
    train(tmp_path, loader=dict(dataset=ToyData(42)))
    log = read_log(tmp_path)
    assert not [text for text in (NO_BATCH, FEWER, LEFT) if text in log]
