"""A hook changes the training set in the main process: when workers see it."""

import pytest
import torch
from mmengine.hooks import Hook
from toy import ToyData, ToyModel, build_runner

ITERATIONS = dict(by_epoch=False, max_iters=30, val_interval=1000)  # an epoch takes 11


class StagedData(ToyData):
    """Each sample names the stage of the data set that loaded it."""

    stage = 0

    def __getitem__(self, index):
        return dict(super().__getitem__(index), stage=self.stage)


class Model(ToyModel):
    def forward(self, inputs, data_samples=None, stage=None, mode='tensor'):
        return super().forward(inputs, data_samples, mode)


class Changes(Hook):
    """Changes the stage after four iterations, and records the stage of each batch.

    Args:
        rebuild (bool): Whether to build a new loader of the changed data as well.
    """

    priority = 50

    def __init__(self, rebuild=False):
        self.rebuild = rebuild
        self.seen = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.seen.append(int(torch.as_tensor(data_batch['stage'])[0]))

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter == 3:
            runner.train_dataloader.dataset.stage = 1
            if self.rebuild:
                config = dict(runner._train_dataloader, dataset=runner.train_dataloader.dataset)
                runner.train_loop.dataloader = runner.build_dataloader(config, seed=0)


def seen(tmp_path, rebuild=False, **options):
    changes = Changes(rebuild)
    loader = dict(dataset=StagedData(42))
    pruner = dict(type='NoPruning')
    build_runner(
        tmp_path, pruner, Model(), loader=loader, custom_hooks=[changes], **options
    ).train()
    return changes.seen


def test_loop_of_epochs_sees_it_in_the_next_epoch(tmp_path):
    stages = seen(tmp_path, num_workers=1, max_epochs=2)
    assert stages == [0] * 11 + [1] * 11


def test_workers_of_a_loop_of_iterations_keep_the_data_of_their_start(tmp_path):
    """They live as long as the run, as with ``persistent_workers=True``."""
    assert seen(tmp_path, num_workers=1, train_cfg=ITERATIONS) == [0] * 30


def test_loop_of_iterations_without_workers_sees_it_at_once(tmp_path):
    assert seen(tmp_path, train_cfg=ITERATIONS) == [0] * 4 + [1] * 26


@pytest.mark.parametrize('num_workers', [0, 1])
def test_new_loader_is_seen_in_the_next_virtual_epoch(tmp_path, num_workers):
    stages = seen(tmp_path, True, num_workers=num_workers, train_cfg=ITERATIONS)
    assert stages[11:] == [1] * 19
