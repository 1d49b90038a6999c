"""The sampler in a plain loop and in MMEngine, with the hook and without it."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import DataLoader
from toy import build_runner, find_hook
from trained_sampler import NUM, make, train_epoch


def test_the_hook_plans_instead_of_set_epoch():
    sampler = make('DynamicRandom')
    sampler.let_hook_plan()
    sampler.set_epoch(3)  # MMEngine's DistSamplerSeedHook calls it
    assert (sampler.epoch, len(sampler)) == (0, NUM)
    sampler.plan_epoch(3, 10)
    assert (sampler.epoch, sampler.max_epochs) == (3, 10)
    assert len(sampler) < NUM
    sampler.let_hook_plan(False)
    sampler.set_epoch(4)
    assert sampler.epoch == 4


def test_state_loads_with_weights_only(tmp_path):
    sampler = make('UCB')
    train_epoch(sampler, 0)
    train_epoch(sampler, 1)
    sampler.gather_state()
    torch.save(sampler.state_dict(), tmp_path / 'state.pth')
    make('UCB').load_state_dict(torch.load(tmp_path / 'state.pth', weights_only=True))


def test_global_random_state_stays_unchanged():
    torch.manual_seed(3)
    np.random.seed(3)
    before = torch.rand(2), np.random.rand(2)
    torch.manual_seed(3)
    np.random.seed(3)
    sampler = make('SeTa')
    for epoch in range(3):
        train_epoch(sampler, epoch)
    assert torch.equal(torch.rand(2), before[0])
    assert np.array_equal(np.random.rand(2), before[1])


def test_works_in_a_plain_loader_and_its_epochs_end():
    # Current PyTorch calls iter() on a sampler that is its own iterator, once per batch.
    sampler = make('InfoBatch')
    loader = DataLoader(range(NUM), batch_size=4, sampler=sampler)
    for epoch in range(3):
        sampler.set_epoch(epoch)
        indices = [index for batch in loader for index in batch.tolist()]
        assert sorted(indices) == sampler.plan.indices.tolist()
        for index in indices:
            sampler.update([index], float(index))


def test_mmengine_builds_it_from_an_inherited_config():
    cfg = dict(type='BLSSampler', shuffle=True, _scope_='mmengine', pruner=dict(type='SeTa'))
    sampler = DATA_SAMPLERS.build(cfg, default_args=dict(dataset=range(5), seed=3))
    assert (len(sampler), sampler.seed) == (5, 3)


def test_run_of_mmengine_without_the_hook_raises_one_sentence(tmp_path):
    runner = build_runner(tmp_path)
    runner.hooks.remove(find_hook(runner))
    with pytest.raises(
        RuntimeError, match=r'BLSSampler needs BLSHook in an MMEngine run; add defa'
    ):
        runner.train()
    make().set_epoch(0)  # a loop of the user, after a run that broke off
    sampler = make(max_epochs=None)
    sampler.set_epoch(0)
    with pytest.raises(RuntimeError, match='or, in a loop of your own, give BLSSampler max_epochs'):
        list(sampler)
    runner.message_hub.pop_info('loop_stage')
    make(max_epochs=None).set_epoch(0)  # outside a run no hook is needed


def test_plain_loop_creates_nothing_of_mmengine():
    code = (
        'from mmengine.logging import MessageHub; from bls_mm import BLSSampler; '
        'BLSSampler(range(4), seed=0).set_epoch(0); assert not MessageHub._instance_dict'
    )
    subprocess.run([sys.executable, '-c', code], check=True)
