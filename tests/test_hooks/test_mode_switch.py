"""Hooks that build a new training loader before an epoch, like mode switches of MMYOLO, MMPose."""

import copy

import pytest
from mmengine.hooks import Hook
from mmengine.registry import DATASETS
from mmengine.runner import Runner
from other_libraries import import_library
from torch import nn
from toy import (
    Recorder,
    ToyData,
    ToyModel,
    assert_same_scores,
    build_runner,
    find_hook,
    read_log,
    replay,
)

from bls_mm.scorers import BatchLossScorer

EPOCHS = 6
LAST = 3  # epochs from the switch to the end


@DATASETS.register_module()
class PipelinedToyData(ToyData):
    def __init__(self, length=42, pipeline=None):
        super().__init__(length)
        self.pipeline = pipeline


class ModelWithHead(ToyModel):
    """The toy model with the heads that mode switches change."""

    def __init__(self):
        super().__init__()
        self.head = self.bbox_head = nn.Module()


class Switch(Hook):
    """Does what YOLOXModeSwitchHook of MMYOLO 0.6.0 does."""

    def __init__(self, length=42):
        self.length = length

    def before_train_epoch(self, runner):
        if runner.epoch + 1 == runner.max_epochs - LAST:
            cfg = copy.deepcopy(runner.cfg.train_dataloader)
            cfg.dataset.update(pipeline='new', length=self.length)
            runner.train_loop.dataloader = Runner.build_dataloader(cfg)


class Pipelines(Hook):
    """Records the pipeline and the length of the loader in each iteration."""

    def __init__(self):
        self.pipelines, self.lengths = [], []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.pipelines.append(runner.train_dataloader.dataset.pipeline)
        self.lengths.append(len(runner.train_dataloader))


def run(work_dir, switch, priority=50, **options):
    loader = dict(dataset=dict(type='PipelinedToyData'))
    options = dict(pruner=dict(type='DynamicRandom', delta=1.0), loader=loader, **options)
    runner = build_runner(work_dir, model=ModelWithHead(), max_epochs=EPOCHS, **options)
    runner.cfg.train_dataloader = copy.deepcopy(runner._train_dataloader)
    recorder, pipelines = Recorder(), Pipelines()
    for hook in recorder, pipelines:
        runner.register_hook(hook)
    runner.register_hook(switch, priority)
    runner.train()
    return recorder, pipelines, find_hook(runner)


@pytest.mark.parametrize('num_workers', [0, 2])
@pytest.mark.parametrize('priority', [50, 90, 100])
def test_scores_survive_the_switch(tmp_path, priority, num_workers):
    recorder, pipelines, hook = run(tmp_path, Switch(), priority, num_workers=num_workers)
    plain, _, _ = run(tmp_path / 'plain', Hook(), num_workers=num_workers)
    assert (recorder.batches, recorder.losses) == (plain.batches, plain.losses)
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert hook.savings.unscored_batches == 0
    before = (EPOCHS - LAST - 1) * 8
    assert pipelines.pipelines == [None] * before + ['new'] * (len(recorder.batches) - before)
    assert pipelines.lengths == [8] * len(recorder.batches)


@pytest.mark.parametrize('priority', [50, 90])
def test_run_resumes_from_after_the_switch(tmp_path, priority):
    whole, _, hook = run(tmp_path / 'whole', Switch(), priority)
    checkpoint = str(tmp_path / 'whole' / f'epoch_{EPOCHS - LAST + 1}.pth')
    options = dict(load_from=checkpoint, resume=True)
    resumed, _, resumed_hook = run(tmp_path / 'on', Switch(), priority, **options)
    left = len(resumed.batches)
    assert (resumed.batches, resumed.losses) == (whole.batches[-left:], whole.losses[-left:])
    assert_same_scores(resumed_hook.sampler.scorer, hook.sampler.scorer)


@pytest.mark.parametrize('priority', [50, 90])
def test_switch_to_another_data_set_forgets_the_scores(tmp_path, priority):
    recorder, pipelines, hook = run(tmp_path, Switch(length=30), priority)
    assert 'training set of 42 samples by one of 30: every sample counts' in read_log(tmp_path)
    before = pipelines.pipelines.index('new')
    new = Recorder()
    new.batches, new.losses = recorder.batches[before:], recorder.losses[before:]
    assert_same_scores(hook.sampler.scorer, replay(new, BatchLossScorer(30)))
    samples_unpruned = (EPOCHS - LAST - 1) * 42 + (LAST + 1) * 30
    assert hook.savings.samples_unpruned == samples_unpruned
    assert hook.savings.samples_seen == sum(map(len, recorder.batches))


def mode_switch(name):
    if name == 'YOLOXModeSwitchHook':
        hooks = import_library('mmyolo.engine.hooks')
        return hooks.YOLOXModeSwitchHook(num_last_epochs=LAST, new_train_pipeline='new')
    hooks = import_library('mmpose.engine.hooks')
    return hooks.YOLOXPoseModeSwitchHook(num_last_epochs=LAST, new_train_pipeline='new')


@pytest.mark.parametrize('name', ['YOLOXModeSwitchHook', 'YOLOXPoseModeSwitchHook'])
def test_scores_survive_the_switch_of_a_library(tmp_path, name):
    recorder, pipelines, hook = run(tmp_path, mode_switch(name))
    plain, _, _ = run(tmp_path / 'plain', Hook())
    assert (recorder.batches, recorder.losses) == (plain.batches, plain.losses)
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert (pipelines.pipelines[0], pipelines.pipelines[-1]) == (None, 'new')
