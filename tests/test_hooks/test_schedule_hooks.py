"""Hooks that set the learning rate from the length of the training loader, like those of MMYOLO."""

import math

import pytest
from mmengine.hooks import Hook, IterTimerHook, ParamSchedulerHook
from mmengine.runner import EpochBasedTrainLoop
from other_libraries import import_library
from toy import build_runner, find_hook

from bls_mm.hooks.schedule_hooks import STAGES, sets_learning_rate

EPOCHS, FULL, PRUNED = 8, 11, 8  # epochs, iterations of a full and of a pruned epoch
BY_EPOCH = dict(by_epoch=True, max_epochs=EPOCHS)
BY_ITERATION = dict(by_epoch=False, max_iters=EPOCHS * FULL, val_interval=1000)
LOOPS = pytest.mark.parametrize('train_cfg', [BY_EPOCH, BY_ITERATION], ids=['epochs', 'iterations'])


def half_cosine(progress):
    return 0.01 * (1 + math.cos(math.pi * progress)) / 2


class ByLoaderLength(Hook):
    priority = 9

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        rate = half_cosine(runner.iter / (EPOCHS * len(runner.train_dataloader)))
        runner.optim_wrapper.optimizer.param_groups[0]['lr'] = rate


class ByMaxIters(Hook):
    priority = 9

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        assert isinstance(runner.train_loop.max_iters, int)
        self.set_rate(runner, half_cosine(runner.iter / runner.max_iters))

    def set_rate(self, runner, rate):
        runner.optim_wrapper.optimizer.param_groups[0]['lr'] = rate


class ByBatchIndex(Hook):
    priority = 9

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        length = len(runner.train_loop.dataloader)
        begun = isinstance(runner.train_loop, EpochBasedTrainLoop) * runner.epoch * length
        epoch = (begun + batch_idx) / length
        runner.optim_wrapper.optimizer.param_groups[0]['lr'] = half_cosine(epoch / EPOCHS)


class AfterIterations(Hook):
    """Sets the rate of the next iteration, after BLSHook (80) has counted this one."""

    priority = 85

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        rate = half_cosine(runner.iter / runner.max_iters)
        runner.optim_wrapper.optimizer.param_groups[0]['lr'] = rate


class ByEpoch(Hook):
    """Sets the rate once an epoch, before BLSHook plans it."""

    def before_train_epoch(self, runner):
        rate = half_cosine(runner.iter / (EPOCHS * len(runner.train_dataloader)))
        runner.optim_wrapper.optimizer.param_groups[0]['lr'] = rate


class Rates(Hook):
    """Records the learning rate of each iteration."""

    def __init__(self):
        self.rates = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.rates.append(runner.optim_wrapper.optimizer.param_groups[0]['lr'])


def learning_rates(work_dir, schedule_hook, pruner='DynamicRandom', **options):
    options = {'train_cfg': dict(BY_EPOCH), **options}
    runner = build_runner(work_dir, pruner=dict(type=pruner), **options)
    rates = Rates()
    for each in schedule_hook, rates:
        runner.register_hook(each)
    runner.train()
    assert not set(STAGES) & vars(schedule_hook).keys()  # their methods are given back
    return rates.rates


def at_same_progress(full):
    """Returns the rates of a run on all samples at the progress of the pruned run's iterations."""
    return [full[e * FULL + i * FULL // PRUNED] for e in range(EPOCHS) for i in range(PRUNED)]


@LOOPS
@pytest.mark.parametrize('kind', [ByLoaderLength, ByMaxIters, ByBatchIndex])
def test_learning_rate_follows_the_progress_of_the_epoch(tmp_path, kind, train_cfg):
    full = learning_rates(tmp_path / 'full', kind(), 'NoPruning', train_cfg=dict(train_cfg))
    pruned = learning_rates(tmp_path / 'pruned', kind(), train_cfg=dict(train_cfg))
    assert (len(full), len(pruned)) == (EPOCHS * FULL, EPOCHS * PRUNED)
    assert pruned == at_same_progress(full)
    assert pruned[-1] < 0.01 * pruned[0]


def test_hook_after_iterations_follows_progress(tmp_path):
    full = learning_rates(tmp_path / 'full', AfterIterations(), 'NoPruning')
    pruned = learning_rates(tmp_path / 'pruned', AfterIterations())
    assert pruned[1:] == at_same_progress([*full[1:], None])[:-1]


def test_hook_before_epochs_sees_whole_epochs(tmp_path):
    full = learning_rates(tmp_path / 'full', ByEpoch(), 'NoPruning')
    pruned = learning_rates(tmp_path / 'pruned', ByEpoch())
    assert pruned[::PRUNED] == full[::FULL]


def test_resumed_run_follows_progress(tmp_path):
    whole = learning_rates(tmp_path / 'whole', ByLoaderLength())
    checkpoint = str(tmp_path / 'whole' / 'epoch_5.pth')
    options = dict(load_from=checkpoint, resume=True)
    assert learning_rates(tmp_path / 'on', ByLoaderLength(), **options) == whole[5 * PRUNED :]


def test_each_iteration_is_one_step_if_asked_for(tmp_path):
    rates = learning_rates(tmp_path, ByLoaderLength(), hook=dict(schedule='iteration'))
    assert rates[-1] == half_cosine((EPOCHS * PRUNED - 1) / (EPOCHS * PRUNED))


def test_other_hooks_see_the_real_run(tmp_path):
    class Logger(Hook):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            dict(lr=runner.optim_wrapper.get_lr(), left=runner.max_iters - runner.iter)

    for hook in Logger(), Rates(), IterTimerHook(), ParamSchedulerHook():
        assert not sets_learning_rate(hook)
    assert sets_learning_rate(ByMaxIters())
    assert not sets_learning_rate(find_hook(build_runner(tmp_path)))


def test_hook_sets_attributes_of_the_real_runner(tmp_path):
    class Marking(ByLoaderLength):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            super().before_train_iter(runner, batch_idx, data_batch)
            runner.mark = len(runner.train_dataloader)

    runner = build_runner(tmp_path, max_epochs=4, pruner=dict(type='DynamicRandom'))
    runner.register_hook(Marking())
    runner.train()
    assert runner.mark == FULL


MMYOLO_HOOKS = {
    'PPYOLOEParamSchedulerHook': dict(warmup_min_iter=5, warmup_epochs=1, total_epochs=EPOCHS),
    'YOLOv5ParamSchedulerHook': dict(warmup_mim_iter=5, warmup_epochs=2, max_epochs=EPOCHS),
}


@pytest.mark.parametrize('name', MMYOLO_HOOKS)
def test_learning_rate_of_mmyolo_follows_progress(tmp_path, name):
    kind = getattr(import_library('mmyolo.engine.hooks'), name)
    options = MMYOLO_HOOKS[name]
    full = learning_rates(tmp_path / 'full', kind(**options), 'NoPruning')
    pruned = learning_rates(tmp_path / 'pruned', kind(**options))
    assert pruned == at_same_progress(full)
    assert max(pruned) > 3 * pruned[-1]
