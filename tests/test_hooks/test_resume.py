"""A resumed run is the run: from between epochs and from within one, in both kinds of loops."""

import inspect

import pytest
import torch
from mmengine.runner import IterBasedTrainLoop
from toy import ToyData, build_runner, find_hook, train

EPOCHS = dict(by_epoch=True, max_epochs=6)
ITERATIONS = dict(by_epoch=False, max_iters=57, val_interval=1000)  # 5.2 epochs of 11 iterations
LOOPS = pytest.mark.parametrize('train_cfg', [EPOCHS, ITERATIONS], ids=['epochs', 'iterations'])


def options_of(train_cfg, **options):
    schedule = dict(
        type='CosineAnnealingLR', by_epoch=False, T_max=66 if 'max_epochs' in train_cfg else 57
    )
    checkpoint = dict(type='CheckpointHook', by_epoch=False, interval=1)
    return dict(
        train_cfg=dict(train_cfg),
        param_scheduler=[schedule],
        default_hooks=dict(checkpoint=checkpoint),
        **options,
    )


def assert_same_run(resumed, whole):
    """Compares what two runs have in common, bit for bit: the later part of the whole one."""
    (runner, record, hook), (whole_runner, whole_record, whole_hook) = resumed, whole
    skipped = len(whole_record.batches) - len(record.batches)
    assert record.batches == whole_record.batches[skipped:]
    assert record.losses == whole_record.losses[skipped:]
    assert record.lrs == whole_record.lrs[skipped:]
    assert runner.iter == whole_runner.iter
    assert torch.equal(hook.sampler.scorer.scores, whole_hook.sampler.scorer.scores)
    assert torch.equal(hook.sampler.scorer.visits, whole_hook.sampler.scorer.visits)
    for one, other in zip(runner.model.parameters(), whole_runner.model.parameters()):
        assert torch.equal(one, other)
    for name, value in vars(hook.savings).items():
        if not name.endswith('seconds'):
            assert value == getattr(whole_hook.savings, name), name


@LOOPS
@pytest.mark.parametrize('pruner', ['InfoBatch', 'SeTa', 'UCB'])
def test_from_every_iteration(tmp_path, train_cfg, pruner):
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
def test_with_workers(tmp_path, train_cfg, num_workers, persistent):
    loader = dict(persistent_workers=persistent)
    options = options_of(train_cfg, num_workers=num_workers, loader=loader)
    whole = train(tmp_path / 'whole', **options)
    checkpoint = str(tmp_path / 'whole' / 'iter_26.pth')
    assert_same_run(train(tmp_path / 'on', load_from=checkpoint, resume=True, **options), whole)


@LOOPS
def test_with_accumulation_from_within_one(tmp_path, train_cfg):
    options = options_of(train_cfg, optim_wrapper=dict(accumulative_counts=4))
    whole = train(tmp_path / 'whole', **options)
    for iteration in (24, 25, 26, 27):
        checkpoint = str(tmp_path / 'whole' / f'iter_{iteration}.pth')
        work_dir = tmp_path / f'from_{iteration}'
        assert_same_run(train(work_dir, load_from=checkpoint, resume=True, **options), whole)


@LOOPS
def test_with_mixed_precision(tmp_path, train_cfg):
    options = options_of(train_cfg, optim_wrapper=dict(type='CpuAmpOptimWrapper'))
    whole = train(tmp_path / 'whole', **options)
    checkpoint = str(tmp_path / 'whole' / 'iter_20.pth')
    assert_same_run(train(tmp_path / 'on', load_from=checkpoint, resume=True, **options), whole)


def test_in_a_loop_that_asks_for_no_batch_it_has_had(tmp_path):
    if 'fast_forward_on_resume' not in inspect.signature(IterBasedTrainLoop).parameters:
        pytest.skip('only loops of onedl-mmengine can')
    options = options_of(dict(ITERATIONS, fast_forward_on_resume=True))
    whole = train(tmp_path / 'whole', **options)
    checkpoint = str(tmp_path / 'whole' / 'iter_26.pth')
    assert_same_run(train(tmp_path / 'on', load_from=checkpoint, resume=True, **options), whole)


def test_what_auto_decided_stays_where_a_batch_of_one_comes_first(tmp_path):
    options = options_of(
        dict(by_epoch=True, max_epochs=2),
        num=41,
        pruner=dict(type='NoPruning'),
        sampler=dict(scorer='auto'),
    )
    whole = train(tmp_path / 'whole', **options)
    checkpoint = str(tmp_path / 'whole' / 'iter_10.pth')  # batches of 4
    assert_same_run(train(tmp_path / 'on', load_from=checkpoint, resume=True, **options), whole)


def test_another_scorer_is_one_sentence_with_a_way_out(tmp_path):
    train(tmp_path / 'whole', max_epochs=2)
    options = dict(load_from=str(tmp_path / 'whole' / 'epoch_1.pth'), resume=True, max_epochs=2)
    options['sampler'] = dict(scorer='auto')
    with pytest.raises(ValueError, match=r'not of a ResidualScorer; .*reset_scores=True'):
        train(tmp_path / 'on', **options)
    train(tmp_path / 'on', hook=dict(reset_scores=True), **options)


def test_resuming_loads_no_skipped_data(tmp_path, monkeypatch):
    options = options_of(ITERATIONS)
    train(tmp_path / 'whole', **options)
    loaded = []
    get = ToyData.__getitem__
    monkeypatch.setattr(ToyData, '__getitem__', lambda self, i: (loaded.append(i), get(self, i))[1])
    runner = build_runner(
        tmp_path / 'on', load_from=str(tmp_path / 'whole' / 'iter_40.pth'), resume=True, **options
    )
    runner.train()
    # MMEngine's own iterator draws one batch at construction of the loop, before any hook runs.
    assert len(loaded) <= (runner.iter - 40 + 1) * 4


@LOOPS
def test_another_batch_size_keeps_the_scores_and_says_that_the_epoch_starts_over(
    tmp_path, train_cfg
):
    options = options_of(train_cfg, log_level='INFO')
    train(tmp_path / 'whole', **options)
    checkpoint = tmp_path / 'whole' / 'iter_26.pth'
    saved = torch.load(checkpoint, weights_only=True)['bls']['sampler']['scorer']['scores']
    runner = build_runner(
        tmp_path / 'on', load_from=str(checkpoint), resume=True, batch_size=6, **options
    )
    hook = find_hook(runner)
    begin, scores = hook._begin_epoch, []
    hook._begin_epoch = lambda r: (scores.append(hook.sampler.scorer.scores.clone()), begin(r))
    runner.train()
    assert torch.equal(scores[0], saved)
    log = next((tmp_path / 'on').glob('*/*.log')).read_text()
    assert "by a run of {'world_size': 1, 'batch_size': 4, 'num_shards': 1}, this run is of" in log
    assert 'planned anew and starts over' in log


def test_another_data_set_is_one_sentence_with_a_way_out(tmp_path):
    train(tmp_path / 'whole', max_epochs=2)
    options = dict(load_from=str(tmp_path / 'whole' / 'epoch_1.pth'), resume=True, num=50)
    with pytest.raises(ValueError, match=r'50; resume with .* or forget the .*reset_scores=True'):
        train(tmp_path / 'on', **options)
    _, record, _ = train(tmp_path / 'on', hook=dict(reset_scores=True), max_epochs=2, **options)
    assert sum(map(len, record.batches)) == 50


def test_to_forget_scores_forgets_no_progress(tmp_path):
    options = options_of(ITERATIONS, pruner=dict(type='DynamicRandom'))
    whole, _, _ = train(tmp_path / 'whole', **options)
    checkpoint = str(tmp_path / 'whole' / 'iter_24.pth')  # three epochs of 8 iterations
    options.update(load_from=checkpoint, resume=True, hook=dict(reset_scores=True))
    resumed, _, _ = train(tmp_path / 'on', **options)
    assert resumed.iter == whole.iter < 57


def test_load_from_and_testing_take_nothing_of_it(tmp_path):
    train(tmp_path / 'first', max_epochs=2)
    checkpoint = str(tmp_path / 'first' / 'epoch_2.pth')
    _, record, hook = train(tmp_path / 'second', load_from=checkpoint, max_epochs=3)
    assert sum(map(len, record.batches[:11])) == 42  # a full first epoch
    assert hook.savings.epochs == 3
    assert hook._loaded is None  # nor does it take memory


def test_a_checkpoint_of_an_unpruned_run_starts_scoring(tmp_path):
    train(tmp_path, max_epochs=2)
    checkpoint = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)
    del checkpoint['bls']
    torch.save(checkpoint, tmp_path / 'plain.pth')
    options = dict(max_epochs=2, load_from=str(tmp_path / 'plain.pth'), resume=True)
    _, record, _ = train(tmp_path / 'on', **options)
    assert sum(map(len, record.batches)) == 42


def test_a_checkpoint_adds_at_most_six_bytes_a_sample(tmp_path):
    train(tmp_path, num=2000, batch_size=100, max_epochs=3)
    state = torch.load(tmp_path / 'epoch_3.pth', weights_only=True)['bls']

    def size(value):
        if isinstance(value, dict):
            return sum(map(size, value.values()))
        return value.numel() * value.element_size() if isinstance(value, torch.Tensor) else 0

    assert 5 * 2000 < size(state) <= 6 * 2000
