"""Pruned epochs make up for their fewer optimizer steps, by larger steps or by smaller batches."""

from itertools import chain

import pytest
import torch
from mmengine.registry import DATA_SAMPLERS
from resumed_runs import LOOPS, assert_same_run, options_of
from torch import nn
from torch.utils.data import ConcatDataset
from toy import ToyData, ToyModel, assert_same_scores, build_runner, read_log, replay, train

FULL, PRUNED = 11, 8  # iterations of an epoch on 42 samples, and on 29
RANDOM = dict(type='DynamicRandom', prune_ratio=0.3, delta=1.0)


class Steps:
    """Records the learning rate in each step of an optimizer, and fails in one of them."""

    def __init__(self, runner, fails_at=None) -> None:
        self.rates = []
        self.fails_at = fails_at
        self.optimizer = runner.optim_wrapper.optimizer
        self._step = self.optimizer.step
        self.optimizer.step = self.step

    def step(self, *args, **kwargs):
        self.rates.append([group['lr'] for group in self.optimizer.param_groups])
        if len(self.rates) == self.fails_at:
            raise KeyboardInterrupt
        return self._step(*args, **kwargs)


def rates_of(work_dir, compensation, **options):
    runner = build_runner(
        work_dir, pruner=dict(RANDOM, compensation=compensation), max_epochs=3, **options
    )
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    steps = Steps(runner)
    runner.train()
    return runner, steps.rates


@pytest.mark.parametrize(
    ('compensation', 'factor'),
    [(None, 1), ('learning_rate', FULL / PRUNED)],
)
def test_steps_of_pruned_epochs_are_larger(tmp_path, compensation, factor):
    runner, rates = rates_of(tmp_path, compensation)
    assert len(rates) == 3 * PRUNED
    assert rates == [[pytest.approx(0.01 * factor)]] * len(rates)
    assert runner.optim_wrapper.param_groups[0]['lr'] == 0.01


def test_epochs_on_all_samples_keep_their_learning_rate(tmp_path):
    full = dict(type='NoPruning', compensation='learning_rate')
    runner = build_runner(tmp_path / 'full', pruner=full)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    steps = Steps(runner)
    runner.train()
    assert steps.rates == [[0.01]] * (6 * FULL)


def test_run_of_a_fixed_number_of_iterations_keeps_its_learning_rate(tmp_path):
    """There pruning makes more epochs, not fewer steps."""
    loop = dict(by_epoch=False, max_iters=3 * FULL)
    _, rates = rates_of(tmp_path, 'learning_rate', train_cfg=loop, hook=dict(schedule='iteration'))
    assert rates == [[0.01]] * (3 * FULL)


def test_every_parameter_group_is_scaled(tmp_path):
    groups = dict(custom_keys={'bias': dict(lr_mult=2.0)})
    _, rates = rates_of(
        tmp_path, 'learning_rate', optim_wrapper=dict(paramwise_cfg=groups, type='OptimWrapper')
    )
    assert rates[0] == pytest.approx([0.01 * FULL / PRUNED, 0.02 * FULL / PRUNED])


def test_schedule_and_log_see_the_learning_rate_of_the_config(tmp_path):
    schedule = [dict(type='CosineAnnealingLR', T_max=6, by_epoch=True, convert_to_iter_based=True)]
    lrs = []
    for compensation in None, 'learning_rate':
        pruner = dict(RANDOM, compensation=compensation)
        _, record, _ = train(tmp_path, pruner=pruner, param_scheduler=schedule)
        lrs.append(record.lrs)
    assert lrs[0] == lrs[1] and lrs[0][-1] < 0.001


def test_accumulated_gradients_make_one_larger_step(tmp_path):
    _, rates = rates_of(tmp_path, 'learning_rate', optim_wrapper=dict(accumulative_counts=4))
    assert rates == [[pytest.approx(0.01 * FULL / PRUNED)]] * (3 * PRUNED // 4)


def test_step_that_fails_leaves_the_learning_rate(tmp_path):
    runner = build_runner(tmp_path, pruner=dict(RANDOM, compensation='learning_rate'))
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    steps = Steps(runner, fails_at=3)
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    assert runner.optim_wrapper.param_groups[0]['lr'] == 0.01
    steps.fails_at = None
    runner.optim_wrapper.step()  # of a later training without BLS
    assert steps.rates[-1] == [0.01] != steps.rates[0]


def test_optimizer_has_its_own_step_after_the_run(tmp_path):
    runner, _ = rates_of(tmp_path, 'learning_rate')
    assert 'step' not in vars(runner.optim_wrapper)


@pytest.mark.parametrize('num_workers', [0, 1])
def test_smaller_batches_make_as_many_steps(tmp_path, num_workers):
    runner, record, hook = train(
        tmp_path,
        pruner=dict(RANDOM, compensation='batch_size'),
        max_epochs=4,
        num_workers=num_workers,
    )
    assert len(record.batches) == 4 * FULL == runner.iter
    assert {len(batch) for batch in record.batches} == {2, 3}
    for epoch in range(4):
        samples = list(chain.from_iterable(record.batches[epoch * FULL : (epoch + 1) * FULL]))
        assert len(samples) == len(set(samples)) == 29
    assert_same_scores(hook.sampler.scorer, replay(record))
    assert hook.savings.samples_seen == 116 and hook.savings.samples_unpruned == 168


class Normed(ToyModel):
    """A model that cannot train on a batch of one sample."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(2)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return super().forward(self.norm(torch.stack(list(inputs))), data_samples, mode)


def test_no_batch_has_one_sample_if_the_model_needs_two(tmp_path):
    heavy = dict(RANDOM, prune_ratio=0.6, compensation='batch_size')
    _, record, _ = train(tmp_path, pruner=heavy, model=Normed())
    assert {len(batch) for batch in record.batches} <= {2, 3}


def test_with_drop_last_no_batch_is_larger_than_the_batch_size(tmp_path):
    """What 2 full batches of 42 samples leave out stays out."""
    light = dict(RANDOM, prune_ratio=0.1, compensation='batch_size')
    loader = dict(drop_last=True)
    _, record, hook = train(tmp_path, pruner=light, batch_size=16, loader=loader, max_epochs=3)
    assert [len(batch) for batch in record.batches] == 3 * [16, 16]
    assert hook.savings.samples_seen == hook.savings.samples_unpruned == 96


@pytest.mark.parametrize(('batch_size', 'warns'), [(1, True), (4, False)])
def test_batches_that_cannot_be_smaller_are_a_warning(tmp_path, batch_size, warns):
    pruner = dict(RANDOM, compensation='batch_size')
    train(tmp_path, pruner=pruner, batch_size=batch_size)
    assert read_log(tmp_path).count('cannot make the batches small enough') == warns


def test_smaller_batches_in_an_iteration_based_loop(tmp_path):
    _, record, hook = train(
        tmp_path,
        pruner=dict(RANDOM, compensation='batch_size'),
        train_cfg=dict(by_epoch=False, max_iters=3 * FULL),
    )
    assert len(record.batches) == 3 * FULL
    assert_same_scores(hook.sampler.scorer, replay(record))


@LOOPS
@pytest.mark.parametrize('compensation', ['learning_rate', 'batch_size'])
def test_resumed_run_is_the_run(tmp_path, train_cfg, compensation):
    options = options_of(train_cfg, pruner=dict(RANDOM, compensation=compensation))
    whole = train(tmp_path / 'whole', **options)
    for iteration in (5, 27):
        checkpoint = str(tmp_path / 'whole' / f'iter_{iteration}.pth')
        work_dir = tmp_path / f'from_{iteration}'
        assert_same_run(train(work_dir, load_from=checkpoint, resume=True, **options), whole)


def test_batch_sampler_of_its_own_is_refused(tmp_path):
    class Own(torch.utils.data.BatchSampler):
        pass

    DATA_SAMPLERS.register_module(name='OwnBatches', module=Own, force=True)
    runner = build_runner(
        tmp_path,
        pruner=dict(RANDOM, compensation='batch_size'),
        loader=dict(batch_sampler=dict(type='OwnBatches', drop_last=False)),
    )
    with pytest.raises(TypeError, match="has a Own; use compensation='learning_rate'"):
        runner.train()


def test_unknown_compensation_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"compensation must be None, 'learning_rate' or 'batch_size'"
    ):
        build_runner(tmp_path, pruner=dict(RANDOM, compensation='batch')).train()


def test_scheduler_still_counts_the_steps(tmp_path, recwarn):
    schedule = [dict(type='CosineAnnealingLR', T_max=66, by_epoch=False)]
    pruner = dict(RANDOM, compensation='learning_rate')
    train(tmp_path, pruner=pruner, param_scheduler=schedule)
    assert not [warning for warning in recwarn if 'step()' in str(warning.message)]


@pytest.mark.parametrize('kind', ['learning_rate', 'batch_size'])
@pytest.mark.parametrize(
    ('optimizer', 'rescale', 'warns'), [('SGD', True, 1), ('SGD', False, 0), ('AdamW', True, 0)]
)
def test_weights_that_make_up_for_pruned_samples_too_are_a_warning(
    tmp_path, kind, optimizer, rescale, warns
):
    pruner = dict(type='InfoBatch', rescale=rescale, compensation=kind)
    optim_wrapper = dict(optimizer=dict(type=optimizer, lr=0.01))
    train(tmp_path, pruner=pruner, max_epochs=4, num=42, optim_wrapper=optim_wrapper)
    assert read_log(tmp_path).count('make up for pruned samples, and compensation=') == warns


def test_batches_with_a_ratio_of_sources_are_not_made_smaller(tmp_path):
    sampler = dict(
        type='bls_mm.MultiSourceBLSSampler',
        batch_size=5,
        source_ratio=[1, 4],
        pruner=dict(RANDOM, compensation='batch_size'),
    )
    data = ConcatDataset([ToyData(10), ToyData(40)])
    runner = build_runner(tmp_path, loader=dict(dataset=data, batch_size=5, sampler=sampler))
    with pytest.raises(TypeError, match='MultiSourceBLSSampler forms its own batches; use'):
        runner.train()
