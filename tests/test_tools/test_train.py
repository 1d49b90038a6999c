import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools'))

import train

CONFIG = """
train_dataloader = dict(batch_size=2, sampler=dict(type='DefaultSampler', shuffle=True))
default_hooks = dict(timer=dict(type='IterTimerHook'))
"""


@pytest.fixture
def config_of(tmp_path, monkeypatch):
    """The config of a command line."""
    path = tmp_path / 'stock.py'
    path.write_text(CONFIG)
    # parse_args sets it if it is missing, and monkeypatch only restores what it has set.
    monkeypatch.setenv('LOCAL_RANK', '0')

    def build(*flags, config=str(path)):
        monkeypatch.setattr(sys, 'argv', ['train.py', config, *flags])
        return train.to_config(train.parse_args())

    return build


def test_config_without_a_pruner_is_unchanged(config_of):
    cfg = config_of()
    assert cfg.train_dataloader.sampler.type == 'DefaultSampler'
    assert list(cfg.default_hooks) == ['timer']


def test_pruner_is_attached_and_its_options_can_be_set(config_of):
    cfg = config_of(
        '--pruner',
        'SeTa',
        '--scorer',
        'BatchLossScorer',
        '--cfg-options',
        'train_dataloader.sampler.pruner.prune_ratio=0.2',
        'train_dataloader.sampler.scorer.alpha=0.9',
        'default_hooks.bls.schedule=iteration',
    )
    assert cfg.train_dataloader.sampler.pruner == dict(type='SeTa', prune_ratio=0.2)
    assert cfg.train_dataloader.sampler.scorer == dict(type='BatchLossScorer', alpha=0.9)
    assert cfg.default_hooks.bls == dict(type='bls_mm.BLSHook', schedule='iteration')
    assert cfg.default_hooks.timer.type == 'IterTimerHook'


def test_config_of_a_package_gets_a_work_dir_of_its_name(config_of):
    cfg = config_of('--pruner', 'SeTa', config='mmdet::retinanet/retinanet_r50_fpn_1x_coco.py')
    assert cfg.work_dir == './work_dirs/retinanet_r50_fpn_1x_coco'
    assert cfg.train_dataloader.sampler.type == 'bls_mm.BLSSampler'
    assert cfg.train_dataloader.batch_sampler.type == 'AspectRatioBatchSampler'


@pytest.mark.parametrize(
    ('flags', 'message'),
    [
        (('--scorer', 'BatchLossScorer'), '--scorer needs --pruner'),
        (('--num-samples', '5'), '--num-samples needs --dry-run-pruning'),
    ],
)
def test_flag_without_the_flag_that_it_needs_is_an_error(config_of, capsys, flags, message):
    with pytest.raises(SystemExit):
        config_of(*flags)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize('config', ['mmseg::unet/unet.py', 'mmdet::retinanet/nothing.py'])
def test_missing_config_ends_with_one_sentence(config_of, config):
    with pytest.raises(SystemExit) as end:
        config_of(config=config)
    assert isinstance(end.value.code, str)
    assert '\n' not in end.value.code
