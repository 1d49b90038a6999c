"""Hooks of users that save a checkpoint within an epoch, such as before a job is preempted."""

import pytest
import torch
from mmengine.hooks import Hook
from resumed_runs import EPOCHS, LOOPS, assert_same_run, options_of
from toy import Recorder, build_runner, find_hook, read_log, train


class Save(Hook):
    """Saves after an iteration, and may pretend to be one of several ranks."""

    def __init__(self, iteration, priority=50, world_size=1):
        self.iteration = iteration
        self.priority = priority
        self.world_size = world_size

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.iteration:
            sampler = find_hook(runner).sampler
            sampler.world_size, real = self.world_size, sampler.world_size
            runner.save_checkpoint(runner.work_dir, 'own.pth', by_epoch=False)
            sampler.world_size = real


def train_and_save(work_dir, save, options):
    runner = build_runner(work_dir, **options)
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.register_hook(save)
    runner.train()
    return (runner, recorder, find_hook(runner)), str(work_dir / 'own.pth')


@LOOPS
@pytest.mark.parametrize('priority', [75, 95])  # before and after BLSHook
@pytest.mark.parametrize('iteration', [6, 16, 22])
def test_run_resumes_from_it(tmp_path, train_cfg, priority, iteration):
    options = options_of(train_cfg, pruner=dict(type='SeTa'))
    del options['default_hooks']
    whole, saved = train_and_save(tmp_path / 'whole', Save(iteration, priority), options)
    resumed = train(tmp_path / 'on', load_from=saved, resume=True, **options)
    assert_same_run(resumed, whole)


def test_every_hook_may_save_and_the_run_goes_on(tmp_path):
    options = options_of(EPOCHS, pruner=dict(type='SeTa'))
    del options['default_hooks']
    whole = train(tmp_path / 'whole', **options)
    for priority in (5, 75, 95):
        saving, _ = train_and_save(tmp_path / str(priority), Save(16, priority), options)
        assert_same_run(saving, whole)


def test_without_the_losses_of_other_ranks_the_epoch_begins_anew(tmp_path):
    options = options_of(EPOCHS, log_level='INFO')
    del options['default_hooks']
    whole, saved = train_and_save(tmp_path / 'whole', Save(16, 95, world_size=2), options)
    assert 'save with CheckpointHook(by_epoch=False)' in read_log(tmp_path / 'whole')
    state = torch.load(saved, weights_only=False)['bls']
    assert state['position'] == 5
    _, record, _ = train(tmp_path / 'on', load_from=saved, resume=True, **options)
    assert 'planned anew and starts over' in read_log(tmp_path / 'on')
    assert len(whole[1].batches) - len(record.batches) == 11  # the iterations of the first epoch
