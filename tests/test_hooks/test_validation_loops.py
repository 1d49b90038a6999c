"""Validation loops with other loaders than one ``DataLoader`` do not disturb pruning."""

import pytest
from toy import ToyData, build_runner, find_hook
from validation_loops import SeveralValidations, Validation

LOADERS = {
    'list': lambda loaders: loaders,
    'tuple': tuple,
    'dict of lists': lambda loaders: dict(images=loaders[:1], texts=loaders[1:]),
    'no batch sampler': lambda loaders: [dict(inputs=[])],
    'an object that is no DataLoader': lambda loaders: range(2),
}


@pytest.mark.parametrize('kind', LOADERS)
def test_run_is_pruned_whatever_the_loaders_of_validation_are(tmp_path, kind):
    runner = build_runner(tmp_path, train_cfg=dict(by_epoch=True, max_epochs=4))
    sampler = dict(type='DefaultSampler', shuffle=False)
    config = dict(dataset=ToyData(8), batch_size=4, sampler=sampler)
    loaders = SeveralValidations(runner, [config, config]).dataloader
    runner._val_loop = Validation(runner, LOADERS[kind](loaders))
    runner.train()
    assert find_hook(runner).savings.pruned > 0


def test_validation_loop_without_a_loader_works(tmp_path):
    train_cfg = dict(by_epoch=True, max_epochs=4)
    runner = build_runner(tmp_path, train_cfg=train_cfg, default_hooks=dict(logger=None))
    runner._val_loop = Validation(runner, None)
    del runner._val_loop.dataloader
    runner.train()
    assert find_hook(runner).savings.pruned > 0
