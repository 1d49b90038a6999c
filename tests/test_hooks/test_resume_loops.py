"""Resumed loops may replay the batches that they have trained on, or not."""

import inspect

import pytest
from mmengine.registry import LOOPS
from mmengine.runner import IterBasedTrainLoop
from resumed_runs import ITERATIONS, assert_same_run, options_of
from toy import ToyData, assert_same_scores, replay, train


@LOOPS.register_module()
class FastResumeIterBasedTrainLoop(IterBasedTrainLoop):
    """Does not ask again for the batches that it has trained on, as loops of users do."""

    def run(self):
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(self.dataloader_iterator))
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model


@LOOPS.register_module()
class PrefetchingIterBasedTrainLoop(IterBasedTrainLoop):
    """Replays the batches that it has trained on, and then always fetches the next one ahead."""

    def run(self):
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        for _ in range(self._iter):
            next(self.dataloader_iterator)
        ahead = next(self.dataloader_iterator)
        while self._iter < self._max_iters:
            batch, ahead = ahead, next(self.dataloader_iterator)
            self.run_iter(batch)
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model


KINDS = pytest.mark.parametrize('kind', ['IterBasedTrainLoop', 'FastResumeIterBasedTrainLoop'])


@pytest.mark.parametrize('num_workers', [0, 2])
@KINDS
def test_resume_with_and_without_a_replay_of_earlier_batches(tmp_path, kind, num_workers):
    options = options_of(ITERATIONS, num_workers=num_workers)
    whole = train(tmp_path / 'whole', **options)
    options['train_cfg'] = dict(type=kind, max_iters=57, val_interval=1000)
    for iteration in (1, 11, 26, whole[0].iter - 1):  # 11: the end of an epoch
        checkpoint = str(tmp_path / 'whole' / f'iter_{iteration}.pth')
        work_dir = tmp_path / f'from_{iteration}'
        resumed = train(work_dir, load_from=checkpoint, resume=True, **options)
        assert len(resumed[1].batches) == whole[0].iter - iteration
        assert_same_run(resumed, whole)


@KINDS
def test_resume_loads_each_batch_once(tmp_path, kind, monkeypatch):
    options = options_of(ITERATIONS)
    train(tmp_path / 'whole', **options)
    options['train_cfg'] = dict(type=kind, max_iters=57, val_interval=1000)
    loaded = []
    get = ToyData.__getitem__
    monkeypatch.setattr(ToyData, '__getitem__', lambda self, i: (loaded.append(i), get(self, i))[1])
    checkpoint = str(tmp_path / 'whole' / 'iter_26.pth')
    _, record, _ = train(tmp_path / 'on', load_from=checkpoint, resume=True, **options)
    trained_on = [index for batch in record.batches for index in batch]
    assert loaded[-len(trained_on) :] == trained_on
    # MMEngine's own iterator loads one batch when the loop is built, before any hook runs.
    assert len(loaded) <= len(trained_on) + 4


def test_resumed_loop_that_replays_and_fetches_ahead_scores_the_right_samples(tmp_path):
    options = options_of(ITERATIONS)
    options['train_cfg'] = dict(type='PrefetchingIterBasedTrainLoop', max_iters=57)
    whole, whole_record, whole_hook = train(tmp_path / 'whole', **options)
    assert_same_scores(whole_hook.sampler.scorer, replay(whole_record))
    checkpoint = str(tmp_path / 'whole' / 'iter_20.pth')
    runner, record, hook = train(tmp_path / 'on', load_from=checkpoint, resume=True, **options)
    assert len({tuple(batch) for batch in record.batches}) == len(record.batches)
    assert hook.savings.unscored_batches == 0
    assert runner.iter == pytest.approx(whole.iter, abs=1)


def test_resume_in_a_loop_of_onedl_mmengine_that_does_not_replay(tmp_path):
    if 'fast_forward_on_resume' not in inspect.signature(IterBasedTrainLoop).parameters:
        pytest.skip('only loops of onedl-mmengine have the option')
    options = options_of(dict(ITERATIONS, fast_forward_on_resume=True))
    whole = train(tmp_path / 'whole', **options)
    checkpoint = str(tmp_path / 'whole' / 'iter_26.pth')
    assert_same_run(train(tmp_path / 'on', load_from=checkpoint, resume=True, **options), whole)


def test_finished_run_that_resumes_trains_and_counts_no_more(tmp_path):
    options = options_of(ITERATIONS, pruner=dict(type='DynamicRandom', prune_ratio=0.5))
    runner, _, hook = train(tmp_path, **options)
    epochs = hook.savings.epochs
    checkpoint = str(tmp_path / f'iter_{runner.iter}.pth')
    _, record, hook = train(tmp_path, load_from=checkpoint, resume=True, **options)
    assert record.batches == []
    assert hook.savings.epochs == epochs
    assert not (tmp_path / 'bls' / f'epoch_{epochs + 1}.npz').exists()
