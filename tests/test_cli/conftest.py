"""Fixtures: a config file of the toy model, and the command ``bls`` in this process."""

from itertools import count

import pytest
from mmengine.config import Config
from small_data import config_of, words_run

from bls_mm.cli.main import main

COUNTER = count()


@pytest.fixture
def write_config(tmp_path, monkeypatch):
    """A function that writes a config file of the toy run, and returns its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('LOCAL_RANK', '0')

    def write(pruner=None, hook=True, name='config.py', **changes):
        cfg = Config(
            dict(
                model=dict(type='toy.ToyModel'),
                train_dataloader=dict(
                    dataset=dict(type='toy.ToyData', length=42),
                    batch_size=4,
                    num_workers=0,
                    sampler=dict(type='DefaultSampler', shuffle=True),
                ),
                train_cfg=dict(by_epoch=True, max_epochs=4),
                optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01)),
                default_hooks=dict(logger=dict(type='LoggerHook', interval=1000)),
                experiment_name=f'cli_{next(COUNTER)}',
                log_level='ERROR',
            )
        )
        if pruner is not None:
            cfg.train_dataloader.sampler = dict(type='bls_mm.BLSSampler', pruner=pruner)
            if hook:
                cfg.default_hooks.bls = dict(type='bls_mm.BLSHook')
        cfg.merge_from_dict(changes)
        cfg.dump(name)
        return name

    return write


@pytest.fixture
def sentence_of():
    """A function that runs ``bls``, which must fail, and returns its sentence."""

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        assert isinstance(caught.value.code, str) and '\n' not in caught.value.code
        return caught.value.code

    return run


__all__ = ['config_of', 'words_run']
