"""A resumed run equals the uninterrupted run bit for bit, for every kind of loop."""

import pytest
import torch
from mmengine.hooks import Hook
from resumed_runs import EPOCHS, ITERATIONS, LOOPS, assert_same_run, options_of
from toy import ToyData, build_runner, find_hook, read_log, train


@LOOPS
@pytest.mark.parametrize('pruner', ['InfoBatch', 'SeTa', 'UCB'])
def test_resume_from_every_iteration(tmp_path, train_cfg, pruner):
    options = options_of(train_cfg, pruner=dict(type=pruner))
    whole = train(tmp_path / 'whole', **options)
    last = whole[0].iter
    assert last < (66 if train_cfg is EPOCHS else 57)
    for iteration in [*range(1, last, 7), last - 1, last]:
        checkpoint = str(tmp_path / 'whole' / f'iter_{iteration}.pth')
        work_dir = tmp_path / f'from_{iteration}'
        assert_same_run(train(work_dir, load_from=checkpoint, resume=True, **options), whole)


@LOOPS
@pytest.mark.parametrize('num_workers', [2, 4])
@pytest.mark.parametrize('persistent', [False, True])
def test_resume_with_workers(tmp_path, train_cfg, num_workers, persistent):
    loader = dict(persistent_workers=persistent)
    options = options_of(train_cfg, num_workers=num_workers, loader=loader)
    whole = train(tmp_path / 'whole', **options)
    checkpoint = str(tmp_path / 'whole' / 'iter_26.pth')
    assert_same_run(train(tmp_path / 'on', load_from=checkpoint, resume=True, **options), whole)


@LOOPS
def test_resume_within_an_accumulation(tmp_path, train_cfg):
    options = options_of(train_cfg, optim_wrapper=dict(accumulative_counts=4))
    whole = train(tmp_path / 'whole', **options)
    for iteration in (24, 25, 26, 27):
        checkpoint = str(tmp_path / 'whole' / f'iter_{iteration}.pth')
        work_dir = tmp_path / f'from_{iteration}'
        assert_same_run(train(work_dir, load_from=checkpoint, resume=True, **options), whole)


@LOOPS
def test_resume_with_mixed_precision(tmp_path, train_cfg):
    options = options_of(train_cfg, optim_wrapper=dict(type='CpuAmpOptimWrapper'))
    whole = train(tmp_path / 'whole', **options)
    checkpoint = str(tmp_path / 'whole' / 'iter_20.pth')
    assert_same_run(train(tmp_path / 'on', load_from=checkpoint, resume=True, **options), whole)


def test_resume_keeps_what_auto_decided(tmp_path):
    options = options_of(
        dict(by_epoch=True, max_epochs=2),
        num=41,
        pruner=dict(type='NoPruning'),
        sampler=dict(scorer='auto'),
    )
    whole = train(tmp_path / 'whole', **options)
    checkpoint = str(tmp_path / 'whole' / 'iter_10.pth')  # the next batch has one sample
    assert_same_run(train(tmp_path / 'on', load_from=checkpoint, resume=True, **options), whole)


def test_resume_with_another_scorer_raises_a_clear_error(tmp_path):
    train(tmp_path / 'whole', max_epochs=2)
    options = dict(load_from=str(tmp_path / 'whole' / 'epoch_1.pth'), resume=True, max_epochs=2)
    options['sampler'] = dict(scorer='auto')
    with pytest.raises(ValueError, match=r'not of a ResidualScorer; .*reset_scores=True'):
        train(tmp_path / 'on', **options)
    train(tmp_path / 'on', hook=dict(reset_scores=True), **options)


def test_resume_loads_no_data_of_earlier_iterations(tmp_path, monkeypatch):
    options = options_of(ITERATIONS)
    train(tmp_path / 'whole', **options)
    loaded = []
    get = ToyData.__getitem__
    monkeypatch.setattr(ToyData, '__getitem__', lambda self, i: (loaded.append(i), get(self, i))[1])
    runner = build_runner(
        tmp_path / 'on', load_from=str(tmp_path / 'whole' / 'iter_40.pth'), resume=True, **options
    )
    runner.train()
    # MMEngine's own iterator loads one batch when the loop is built, before any hook runs.
    assert len(loaded) <= (runner.iter - 40 + 1) * 4


class FirstScores(Hook):
    """Keeps the scores at the first iteration."""

    scores = None

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if self.scores is None:
            self.scores = find_hook(runner).sampler.scorer.scores.clone()


@LOOPS
def test_resume_with_another_batch_size_keeps_scores_and_restarts_the_epoch(tmp_path, train_cfg):
    options = options_of(train_cfg, log_level='INFO')
    train(tmp_path / 'whole', **options)
    checkpoint = tmp_path / 'whole' / 'iter_26.pth'
    saved = torch.load(checkpoint, weights_only=False)['bls']['sampler']['scorer']['scores']
    runner = build_runner(
        tmp_path / 'on', load_from=str(checkpoint), resume=True, batch_size=6, **options
    )
    first = FirstScores()
    runner.register_hook(first)
    runner.train()
    assert torch.equal(first.scores, saved)
    log = read_log(tmp_path / 'on')
    assert "by a run of {'world_size': 1, 'batch_size': 4, 'num_shards': 1}, this run is of" in log
    assert 'planned anew and starts over' in log


@pytest.mark.parametrize(('before', 'after'), [(8, 4), (4, 8), (4, 6)])
@pytest.mark.parametrize('iteration', [20, 26])
def test_iterations_end_with_their_schedule_after_another_batch_size(
    tmp_path, before, after, iteration
):
    options = options_of(ITERATIONS, pruner=dict(type='DynamicRandom', prune_ratio=0.5))
    _, whole, _ = train(tmp_path / 'whole', batch_size=before, **options)
    saved = tmp_path / 'whole' / f'iter_{iteration}.pth'
    done = torch.load(saved, weights_only=False)['param_schedulers'][0]['last_step']
    options.update(load_from=str(saved), resume=True, batch_size=after)
    runner, record, _ = train(tmp_path / 'on', **options)
    assert record.lrs[-1] < 0.02 * max(whole.lrs)  # of a cosine over all iterations
    assert runner.param_schedulers[0].last_step == ITERATIONS['max_iters'] - 1
    expected = (ITERATIONS['max_iters'] - done) * 0.5
    assert abs(len(record.batches) - expected) <= 3


def test_resume_with_another_data_set_raises_a_clear_error(tmp_path):
    train(tmp_path / 'whole', max_epochs=2)
    options = dict(load_from=str(tmp_path / 'whole' / 'epoch_1.pth'), resume=True, num=50)
    with pytest.raises(ValueError, match=r'50; resume with .* or forget the .*reset_scores=True'):
        train(tmp_path / 'on', **options)
    _, record, _ = train(tmp_path / 'on', hook=dict(reset_scores=True), max_epochs=2, **options)
    assert sum(map(len, record.batches)) == 50


def test_reset_scores_keeps_the_progress(tmp_path):
    options = options_of(ITERATIONS, pruner=dict(type='DynamicRandom'))
    whole, _, _ = train(tmp_path / 'whole', **options)
    checkpoint = str(tmp_path / 'whole' / 'iter_24.pth')  # three epochs of 8 iterations
    options.update(load_from=checkpoint, resume=True, hook=dict(reset_scores=True))
    resumed, _, _ = train(tmp_path / 'on', **options)
    assert resumed.iter == whole.iter < 57


@pytest.mark.parametrize('options', [{}, dict(hook=dict(reset_scores=True))])
@pytest.mark.parametrize('max_epochs', [1, 4])
def test_resume_of_a_finished_run_logs_nothing(tmp_path, max_epochs, options):
    pruner = dict(type='EpsilonGreedy', target_savings=0.1 if max_epochs > 1 else None)
    train(tmp_path / 'whole', pruner=pruner, max_epochs=max_epochs)
    checkpoint = str(tmp_path / 'whole' / f'epoch_{max_epochs}.pth')
    resumed = dict(load_from=checkpoint, resume=True, log_level='INFO', **options)
    _, record, _ = train(tmp_path / 'on', pruner=pruner, max_epochs=max_epochs, **resumed)
    assert record.batches == []
    assert 'BLS:' not in read_log(tmp_path / 'on')
    assert not (tmp_path / 'on' / 'bls_summary.json').exists()


def test_resume_of_a_finished_run_with_more_epochs_compares_with_the_target(tmp_path):
    pruner = dict(type='EpsilonGreedy', target_savings=0.1)
    train(tmp_path / 'whole', pruner=pruner, max_epochs=4)
    checkpoint = str(tmp_path / 'whole' / 'epoch_4.pth')
    options = dict(load_from=checkpoint, resume=True, log_level='INFO')
    _, _, hook = train(tmp_path / 'on', pruner=pruner, max_epochs=5, **options)
    assert hook.savings.epochs == 5
    assert 'BLS: trained on' in read_log(tmp_path / 'on')


def test_load_from_uses_no_scores(tmp_path):
    train(tmp_path / 'first', max_epochs=2)
    checkpoint = str(tmp_path / 'first' / 'epoch_2.pth')
    _, record, hook = train(tmp_path / 'second', load_from=checkpoint, max_epochs=3)
    assert sum(map(len, record.batches[:11])) == 42  # a full first epoch
    assert hook.savings.epochs == 3
    assert hook._loaded is None  # it would take memory


def test_checkpoint_of_a_plain_run_starts_scoring(tmp_path):
    train(tmp_path, max_epochs=2)
    checkpoint = torch.load(tmp_path / 'epoch_1.pth', weights_only=False)
    del checkpoint['bls']
    torch.save(checkpoint, tmp_path / 'plain.pth')
    options = dict(max_epochs=2, load_from=str(tmp_path / 'plain.pth'), resume=True)
    _, record, _ = train(tmp_path / 'on', **options)
    assert sum(map(len, record.batches)) == 42


def test_checkpoint_adds_at_most_six_bytes_per_sample(tmp_path):
    train(tmp_path, num=2000, batch_size=100, max_epochs=3)
    state = torch.load(tmp_path / 'epoch_3.pth', weights_only=False)['bls']

    def size(value):
        if isinstance(value, dict):
            return sum(map(size, value.values()))
        return value.numel() * value.element_size() if isinstance(value, torch.Tensor) else 0

    assert 5 * 2000 < size(state) <= 6 * 2000
