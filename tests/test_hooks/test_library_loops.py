"""Loops, batch samplers and hooks of the libraries of OpenMMLab, in pruned runs."""

import pytest
import torch
from mmengine.hooks import Hook
from other_libraries import import_library
from torch import nn
from toy import (
    Recorder,
    ToyData,
    ToyModel,
    assert_same_scores,
    build_runner,
    find_hook,
    replay,
)

EPOCHS, NUM = 6, 42


class Pictures(ToyData):
    """The first 20 pictures are of one source, the others of another; every second is upright."""

    def get_data_info(self, index):
        return dict(width=1 + index % 2, height=1.5)

    def get_dataset_source(self, index):
        return int(index >= 20)


def test_loop_over_several_loaders_is_refused(tmp_path):
    import_library('mmaction.engine.runner')
    loop = dict(
        type='mmaction.MultiLoaderEpochBasedTrainLoop',
        max_epochs=2,
        other_loaders=[dict(dataset=ToyData(), batch_size=4, sampler=dict(type='DefaultSampler'))],
    )
    runner = build_runner(tmp_path, train_cfg=loop)
    with pytest.raises(TypeError, match='MultiLoaderEpochBasedTrainLoop, which trains on'):
        runner.train()
    assert runner.iter == 0


class LastRates(Hook):
    """Records the learning rate of each iteration, and that after the last one."""

    def __init__(self):
        self.rates = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.rates.append(runner.optim_wrapper.get_lr()['lr'][0])

    def after_train(self, runner):
        self.rates.append(runner.optim_wrapper.get_lr()['lr'][0])


def multi_data_run(work_dir, pruner, drop_last):
    batches = dict(
        type='mmdet.MultiDataAspectRatioBatchSampler',
        batch_size=[4, 2],
        num_datasets=2,
        drop_last=drop_last,
    )
    schedule = dict(
        type='CosineAnnealingLR', T_max=EPOCHS, by_epoch=True, convert_to_iter_based=True
    )
    runner = build_runner(
        work_dir,
        pruner=dict(type=pruner),
        loader=dict(dataset=Pictures(NUM), batch_sampler=batches),
        param_scheduler=[schedule],
        max_epochs=EPOCHS,
    )
    rates = LastRates()
    runner.register_hook(rates)
    runner.train()
    return runner, rates.rates


@pytest.mark.parametrize('drop_last', [True, False])
def test_schedule_ends_with_batches_of_several_sizes(tmp_path, drop_last):
    pytest.importorskip('mmdet.datasets.samplers', reason='needs mmdet')
    _, full = multi_data_run(tmp_path / 'full', 'NoPruning', drop_last)
    runner, pruned = multi_data_run(tmp_path / 'pruned', 'DynamicRandom', drop_last)
    assert len(pruned) < 0.8 * len(full)
    savings = find_hook(runner).savings
    if drop_last:
        # MMDetection 3.3.0 yields fewer batches than its length says, so no run ends at 0.
        assert pruned[-1] == pytest.approx(full[-1], abs=0.05 * full[0])
    else:
        assert len(full) == EPOCHS * 16 + 1  # 20 / 4 and 22 / 2 batches, and the end
        assert pruned[-1] == full[-1] < 0.001 * full[0]
        assert savings.samples_unpruned == EPOCHS * NUM
        assert savings.pruned == 1 - 29 / NUM


class Normalised(ToyModel):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(2)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return super().forward(list(self.norm(torch.stack(list(inputs)))), data_samples, mode)


WORKERS = [{}, dict(num_workers=2, persistent_workers=True)]


@pytest.mark.parametrize('loader', WORKERS)
@pytest.mark.parametrize('by_epoch', [True, False])
def test_precise_batch_norm_reads_the_pruned_loader(tmp_path, by_epoch, loader):
    hooks = pytest.importorskip('mmpretrain.engine.hooks', reason='needs mmpretrain')
    loop = dict(max_epochs=4) if by_epoch else dict(max_iters=44, val_interval=1000)
    options = dict(train_cfg=dict(by_epoch=by_epoch, **loop), loader=dict(loader))
    runner = build_runner(tmp_path, model=Normalised(), **options)
    recorder = Recorder()
    for hook in recorder, hooks.PreciseBNHook(num_samples=16, interval=1 if by_epoch else 5):
        runner.register_hook(hook)
    runner.train()
    hook = find_hook(runner)
    assert hook.savings.unscored_batches == 0
    assert hook.savings.pruned > 0
    assert_same_scores(hook.sampler.scorer, replay(recorder))
    assert runner.model.norm.num_batches_tracked > runner.iter


def test_loader_has_what_hooks_read(tmp_path):
    """The attributes of a loader with a DefaultSampler, as they are in the planned epoch."""

    class Reader(Hook):
        priority = 90

        def before_train_epoch(self, runner):
            loader = runner.train_dataloader
            sampler = loader.sampler
            assert loader.batch_size == 4
            assert loader.dataset is sampler.dataset
            assert len(sampler) == sampler.num_samples == sampler.total_size
            self.lengths.append(sampler.num_samples)

    reader = Reader()
    reader.lengths = []
    runner = build_runner(tmp_path, pruner=dict(type='DynamicRandom', delta=0.5), max_epochs=4)
    runner.register_hook(reader)
    runner.train()
    assert reader.lengths == [29, 29, 42, 42]
