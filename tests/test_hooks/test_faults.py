"""Faults of real runs: bad losses, failing workers, epochs without a batch."""

import json
import os
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from toy import (
    Recorder,
    ToyData,
    ToyModel,
    assert_same_scores,
    build_plain_runner,
    build_runner,
    read_log,
    replay,
    train,
)

from bls_mm.scorers import BatchLossScorer


class SometimesNaN(ToyModel):
    """Its loss is not finite if the batch contains sample 7."""

    bad = float('nan')

    def forward(self, inputs, data_samples=None, mode='tensor'):
        output = super().forward(inputs, data_samples, mode)
        if mode == 'loss' and 7 in data_samples:
            output['loss_square'] = output['loss_square'].detach() * self.bad
        return output


@pytest.mark.parametrize('bad', [float('nan'), float('inf')])
def test_losses_that_are_not_finite_are_counted_and_not_scored(tmp_path, bad):
    model = SometimesNaN()
    model.bad = bad
    _, record, hook = train(tmp_path, model=model, sampler=dict(seed=3), max_epochs=5)
    visits = hook.sampler.scorer.visits
    assert visits[7] == 0  # never scored, so never pruned
    assert sum(7 in batch for batch in record.batches) == 5
    assert torch.isfinite(hook.sampler.scorer.scores).all()
    summary = json.loads((tmp_path / 'bls_summary.json').read_text())
    assert summary['skipped_losses'] == 5
    assert 0 < summary['pruned'] < 1  # pruning goes on


@OPTIM_WRAPPERS.register_module()
class OverflowingOptimWrapper(OptimWrapper):
    """Scales losses as mixed precision does, and so much that the first gradients overflow."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.scaler = torch.amp.GradScaler('cpu', init_scale=2.0**127, backoff_factor=2.0**-60)

    def backward(self, loss, **kwargs):
        self.scaler.scale(loss).backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs):
        self.scaler.step(self.optimizer, **kwargs)
        self.scaler.update()


@pytest.mark.skipif(
    not hasattr(torch.amp, 'GradScaler'), reason='torch.amp.GradScaler is new in torch 2.3'
)
def test_overflowing_steps_are_scored_by_their_unscaled_loss(tmp_path):
    runner, record, hook = train(
        tmp_path,
        num=41,
        optim_wrapper=dict(type='OverflowingOptimWrapper'),
    )
    assert runner.optim_wrapper.scaler.get_scale() < 2.0**127  # it did overflow
    assert record.losses[0] < 100
    assert_same_scores(hook.sampler.scorer, replay(record, BatchLossScorer(41)))
    assert hook.savings.skipped_losses == 0


class Broken(ToyData):
    def __getitem__(self, index):
        if index == 30:
            raise OSError('truncated file')
        return super().__getitem__(index)


@pytest.mark.parametrize('num_workers', [0, 2])
def test_errors_of_data_loading_are_raised_unchanged(tmp_path, num_workers):
    runner = build_runner(tmp_path, loader=dict(dataset=Broken()), num_workers=num_workers)
    with pytest.raises(OSError, match='truncated file'):
        runner.train()


class Rejecting(ToyData):
    """Returns sample 0 instead of sample 30, as MMEngine's pipelines do if they reject one."""

    def __getitem__(self, index):
        return super().__getitem__(0 if index == 30 else index)


def test_replaced_sample_scores_the_requested_one(tmp_path):
    _, _, hook = train(tmp_path, loader=dict(dataset=Rejecting()), max_epochs=1)
    assert hook.sampler.scorer.visits[30] == 1
    assert hook.sampler.scorer.visits[0] == 1


@pytest.mark.parametrize(('num', 'drop_last'), [(3, False), (1, False), (41, True), (43, False)])
def test_lengths_that_batches_do_not_divide(tmp_path, num, drop_last):
    runner, record, _ = train(tmp_path, num=num, loader=dict(drop_last=drop_last))
    assert runner.epoch == 6
    sizes = {len(batch) for batch in record.batches}
    assert sizes <= {4} if drop_last else max(sizes) <= 4


def test_epoch_whose_samples_do_not_fill_a_batch_trains_on_all(tmp_path):
    options = dict(pruner=dict(type='DynamicRandom', prune_ratio=0.9), loader=dict(drop_last=True))
    _, record, _ = train(tmp_path, num=20, max_epochs=3, **options)
    assert len(record.batches) == 3 * 5
    assert 'the 2 kept samples of epoch 1 do not fill a batch' in read_log(tmp_path)


class WithBatchNorm(ToyModel):
    """Cannot train on a batch of one."""

    def __init__(self, dimensions):
        super().__init__()
        self.dimensions = dimensions
        self.norm = {0: torch.nn.BatchNorm1d, 2: torch.nn.BatchNorm2d}[dimensions](2)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        inputs = torch.stack(list(inputs))
        maps = inputs.reshape(*inputs.shape, *[1] * self.dimensions)
        return super().forward(self.norm(maps).flatten(1), data_samples, mode)


@pytest.mark.parametrize('dimensions', [0, 2])  # 2: maps of 1 by 1 pixels
def test_model_with_batch_norm_gets_no_batch_of_one(tmp_path, dimensions):
    pruner = dict(type='DynamicRandom')  # keeps 29 of 42: seven batches of four, and one sample
    _, record, _ = train(tmp_path / 'plain', pruner=pruner, max_epochs=3)
    assert [len(batch) for batch in record.batches[:8]] == [4] * 7 + [1]
    _, record, _ = train(
        tmp_path / 'norm', model=WithBatchNorm(dimensions), pruner=pruner, max_epochs=3
    )
    assert [len(batch) for batch in record.batches[:8]] == [4] * 7 + [2]
    assert len({sample for batch in record.batches[:8] for sample in batch}) == 29


class PlainRunInside(Hook):
    """Trains a plain model, without BLS, in the middle of a pruned run."""

    def __init__(self, work_dir: Path) -> None:
        self.work_dir = work_dir

    def before_train_epoch(self, runner) -> None:
        if runner.epoch == 2:
            self.result = plain_run(self.work_dir)


def plain_run(work_dir):
    """Losses and weights of a run without BLS."""
    runner, recorder = build_plain_runner(work_dir), Recorder()
    runner.register_hook(recorder)
    runner.train()
    return recorder.losses, [parameter.detach().clone() for parameter in runner.model.parameters()]


def test_pruned_run_does_not_change_plain_runs_of_the_same_process(tmp_path):
    environment = dict(os.environ)
    losses, weights = plain_run(tmp_path / 'alone')
    runner = build_runner(tmp_path / 'pruned')
    inside = PlainRunInside(tmp_path / 'inside')
    runner.register_hook(inside)
    runner.train()
    assert dict(os.environ) == environment
    for losses_beside, weights_beside in (inside.result, plain_run(tmp_path / 'after')):
        assert losses_beside == losses
        for one, other in zip(weights_beside, weights):
            assert torch.equal(one, other)
