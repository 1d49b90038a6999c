"""Hooks of users that replace the training loader, or restart it, during a run."""

import pytest
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop
from toy import (
    Recorder,
    ToyData,
    assert_same_scores,
    build_runner,
    find_hook,
    read_log,
    replay,
    train,
)

EPOCHS = dict(by_epoch=True, max_epochs=6)
ITERATIONS = dict(by_epoch=False, max_iters=57, val_interval=1000)
LOOPS = pytest.mark.parametrize('train_cfg', [EPOCHS, ITERATIONS], ids=['epochs', 'iterations'])


class RebuildLoader(Hook):
    """Builds a new training loader from the config, at the end of the second epoch.

    Args:
        sampler (dict, optional): Config of the sampler. Defaults to None, the one before.
        num (int): Length of the data set.
    """

    priority = 95

    def __init__(self, sampler=None, num=42):
        self.sampler = sampler
        self.num = num

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if find_hook(runner).savings.epochs == 1:
            cfg = {**self.cfg, 'dataset': ToyData(self.num), 'batch_size': 6}
            if self.sampler is not None:
                cfg['sampler'] = self.sampler
            runner.train_loop.dataloader = runner.build_dataloader(cfg, seed=0)


def run(tmp_path, rebuild, train_cfg=EPOCHS, **options):
    runner = build_runner(tmp_path, train_cfg=dict(train_cfg), **options)
    rebuild.cfg = dict(runner._train_dataloader)
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.register_hook(rebuild)
    runner.train()
    return runner, recorder, find_hook(runner)


@LOOPS
@pytest.mark.parametrize('num_workers', [0, 2])
def test_rebuilt_loader_continues_with_the_scores(tmp_path, train_cfg, num_workers):
    _, recorder, hook = run(tmp_path, RebuildLoader(), train_cfg, num_workers=num_workers)
    num_before = next(i for i, batch in enumerate(recorder.batches) if len(batch) > 4)
    assert 11 < num_before < 22
    assert {len(batch) for batch in recorder.batches[num_before:]} >= {6}
    assert sum(map(len, recorder.batches[num_before : num_before + 7])) < 42  # it prunes
    if num_workers == 0:
        assert hook.savings.unscored_batches == 0
        assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert hook.savings.samples_seen == sum(map(len, recorder.batches))
    assert 0 < hook.savings.pruned < 1


@LOOPS
def test_rebuilt_loader_of_another_data_set_starts_scoring_anew(tmp_path, train_cfg):
    _, recorder, hook = run(tmp_path, RebuildLoader(num=30), train_cfg)
    log = read_log(tmp_path)
    assert 'a hook replaced the training set of 42 samples by one of 30: every sample' in log
    assert len(hook.sampler.scorer.scores) == 30
    assert max(max(batch) for batch in recorder.batches[-5:]) < 30
    if train_cfg is EPOCHS:
        assert hook.savings.samples_unpruned == 2 * 42 + 4 * 30
    assert hook.savings.samples_seen == sum(map(len, recorder.batches))


class CleanSet(Hook):
    """Continues with other training samples, or batches, from an epoch on."""

    priority = 50

    def __init__(self, num, batch_size, epochs):
        self.num, self.batch_size, self.epochs = num, batch_size, epochs

    def before_train_epoch(self, runner):
        if runner.epoch == self.epochs:
            self.replace(runner)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        savings = find_hook(runner).savings
        if savings.epochs == self.epochs - 1 and not isinstance(
            runner.train_loop, EpochBasedTrainLoop
        ):
            self.replace(runner)

    def replace(self, runner):
        cfg = {**self.cfg, 'dataset': ToyData(self.num), 'batch_size': self.batch_size}
        runner.train_loop.dataloader = runner.build_dataloader(cfg, seed=0)


class Factors(Hook):
    """Records by how much the steps of each epoch are larger."""

    priority = 95

    def __init__(self):
        self.of_epoch = {}

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        run = find_hook(runner).run
        self.of_epoch[runner.epoch] = run.compensation.factor


@pytest.mark.parametrize(('num', 'batch_size'), [(60, 4), (400, 16)])
@pytest.mark.parametrize('compensation', ['learning_rate', 'batch_size'])
def test_compensation_follows_the_loader(tmp_path, num, batch_size, compensation):
    pruner = dict(type='DynamicRandom', prune_ratio=0.5, compensation=compensation)
    runner = build_runner(tmp_path, num=400, pruner=pruner)
    factors, recorder = Factors(), Recorder()
    clean = CleanSet(num, batch_size, epochs=3)
    clean.cfg = dict(runner._train_dataloader)
    for hook in (factors, recorder, clean):
        runner.register_hook(hook)
    runner.train()
    full = -(-num // batch_size)
    if compensation == 'learning_rate':
        assert [factors.of_epoch[epoch] for epoch in (0, 4)] == pytest.approx([2, 2], abs=0.15)
    else:
        assert len(recorder.batches) == 3 * 100 + 3 * full
    savings = find_hook(runner).savings
    assert savings.iterations_unpruned == 3 * 100 + 3 * full
    assert savings.samples_unpruned == 3 * 400 + 3 * num


@pytest.mark.parametrize('num', [24, 80])
def test_iterations_end_with_their_schedule_after_a_switch(tmp_path, num):
    schedule = dict(type='CosineAnnealingLR', by_epoch=False, T_max=120)
    cfg = dict(by_epoch=False, max_iters=120, val_interval=1000)
    pruner = dict(type='DynamicRandom', prune_ratio=0.5)
    runner, recorder, hook = run(
        tmp_path, CleanSet(num, 4, epochs=3), cfg, pruner=pruner, param_scheduler=[schedule]
    )
    assert runner.param_schedulers[0].last_step == 119
    assert hook.savings.iterations_unpruned == pytest.approx(120, abs=1)
    assert recorder.lrs[-1] < 0.001 * max(recorder.lrs)
    assert len(recorder.batches) == pytest.approx(60, abs=8)


def test_rebuilt_loader_without_a_sampler_raises_a_clear_error(tmp_path):
    with pytest.raises(TypeError, match='a hook replaced the training loader by one without BLS'):
        run(tmp_path, RebuildLoader(sampler=dict(type='DefaultSampler')))


class RebuildBetweenEpochs(RebuildLoader):
    """Builds the new loader before the third epoch, at a stage and with a priority."""

    def __init__(self, stage, priority):
        super().__init__()
        self.priority = priority
        setattr(self, stage, self.rebuild)
        self.after_train_iter = lambda runner, **kwargs: None
        self.epochs = 2 - (stage == 'after_train_epoch')

    def rebuild(self, runner):
        if runner.epoch == self.epochs:
            cfg = {**self.cfg, 'batch_size': 6}
            runner.train_loop.dataloader = runner.build_dataloader(cfg, seed=0)


@pytest.mark.parametrize('priority', [20, 50, 95])
@pytest.mark.parametrize('stage', ['before_train_epoch', 'after_train_epoch'])
def test_loader_may_be_rebuilt_at_any_stage_between_epochs(tmp_path, stage, priority):
    _, recorder, hook = run(tmp_path, RebuildBetweenEpochs(stage, priority))
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert hook.savings.unscored_batches == 0
    assert hook.savings.samples_seen == sum(map(len, recorder.batches))
    num_before = next(i for i, batch in enumerate(recorder.batches) if len(batch) > 4)
    third_epoch = recorder.batches[num_before : num_before + 7]
    assert sum(map(len, third_epoch[:-1])) < 42  # it is pruned
    assert len(hook.sampler.scorer.scores) == 42


class RestartWorkers(Hook):
    """Restarts persistent workers at the end of an epoch, as YOLOX's mode switch does."""

    def before_train_epoch(self, runner):
        loader = runner.train_loop.dataloader
        if runner.epoch == 2 and loader.persistent_workers:
            loader._DataLoader__initialized = False
            loader._iterator = None


def test_restarted_workers_do_not_shift_scores(tmp_path):
    runner = build_runner(tmp_path, num_workers=2, loader=dict(persistent_workers=True))
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.register_hook(RestartWorkers())
    runner.train()
    _, plain, _ = train(tmp_path / 'plain')
    assert (recorder.batches, recorder.losses) == (plain.batches, plain.losses)
    assert_same_scores(find_hook(runner).sampler.scorer, replay(recorder))
