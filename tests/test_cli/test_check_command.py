"""``bls check`` rejects what a training rejects before its first iteration, and shows the plan."""

import sys
from pathlib import Path

import pytest
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook

from bls_mm.cli.main import main

SETA = dict(type='SeTa')
SAMPLER = 'train_dataloader.sampler'


class NeverSteps(Hook):
    """Fails if a training step ends."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        raise AssertionError('an iteration was trained')


class BrokenData(BaseDataset):
    """Has samples, but cannot load one."""

    def load_data_list(self):
        return [dict(sample_idx=index) for index in range(8)]

    def prepare_data(self, idx):
        raise OSError('the image cannot be read')


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.setitem(sys.modules, 'test_check_command', sys.modules[__name__])


WRONG = {
    'option of the pruner in the sampler': (
        dict(pruner=SETA, **{f'{SAMPLER}.prune_ratio': 0.3}),
        "which belongs in pruner=dict(...); write pruner=dict(type='SeTa', prune_ratio=0.3)",
    ),
    'option of the planner in the sampler': (
        dict(pruner=SETA, **{f'{SAMPLER}.target_savings': 0.3}),
        "write pruner=dict(type='SeTa', target_savings=0.3)",
    ),
    'option of auto in the sampler': (
        dict(pruner=dict(type='auto'), **{f'{SAMPLER}.target_savings': 0.3}),
        "write pruner=dict(type='auto', target_savings=0.3)",
    ),
    'option of the planner in the hook': (
        dict(pruner=SETA, **{'default_hooks.bls.target_savings': 0.3}),
        "pruner=dict(type='auto', target_savings=0.3)))",
    ),
    'pruner outside of the sampler': (
        dict(pruner=SETA, **{'train_dataloader.pruner': 'auto'}),
        "train_dataloader has no option 'pruner', which belongs to its sampler; write",
    ),
    'option of the scorer in the sampler': (
        dict(pruner=SETA, **{f'{SAMPLER}.alpha': 0.9}),
        "write scorer=dict(type='BatchLossScorer', alpha=0.9)",
    ),
    'option of the hook in the sampler': (
        dict(pruner=SETA, **{f'{SAMPLER}.history_mb': 9}),
        "write default_hooks=dict(bls=dict(type='bls_mm.BLSHook', history_mb=9))",
    ),
    'option of the sampler in the hook': (
        dict(pruner=SETA, **{'default_hooks.bls.placement': 'shared'}),
        "BLSHook has no option 'placement', which belongs to the sampler; write train_dataloader",
    ),
    'sampler without hook': (dict(pruner=SETA, hook=False), 'BLSSampler needs BLSHook in an MME'),
    'hook without sampler': (
        {'default_hooks.bls': dict(type='bls_mm.BLSHook')},
        'BLSHook needs a BLSSampler, but train_dataloader has none',
    ),
    'two hooks': (
        dict(pruner=SETA, custom_hooks=[dict(type='bls_mm.BLSHook')]),
        'the config has 2 BLSHooks',
    ),
    'no full batch': (
        dict(
            pruner=SETA, **{'train_dataloader.batch_size': 64, 'train_dataloader.drop_last': True}
        ),
        'an epoch has no batch',
    ),
    'wrong option of the pruner': (
        dict(pruner=dict(type='SeTa', ratio=0.3)),
        "did you mean pruner=dict(type='SeTa', prune_ratio=0.3)?",
    ),
    'wrong option of auto': (
        dict(pruner=dict(type='auto', target_saving=0.2, delta=0.9)),
        "did you mean pruner=dict(type='auto', delta=0.9, target_savings=0.2)?",
    ),
    'missing annotations': (
        dict(
            pruner=SETA,
            **{
                'train_dataloader.dataset': dict(
                    type='mmengine.dataset.BaseDataset', ann_file='train.json', _delete_=True
                )
            },
        ),
        "the file 'train.json' is missing",
    ),
    'unreadable sample': (
        dict(
            pruner=SETA,
            **{
                'train_dataloader.dataset': dict(
                    type='test_check_command.BrokenData', _delete_=True
                )
            },
        ),
        'OSError: the image cannot be read',
    ),
    'unknown hook': (
        dict(pruner=SETA, custom_hooks=[dict(type='NoSuchHook')]),
        'NoSuchHook is not in the mmengine::hook registry',
    ),
}


@pytest.mark.parametrize(('changes', 'message'), WRONG.values(), ids=WRONG)
def test_check_rejects_what_training_rejects(changes, message, write_config, sentence_of, tmp_path):
    config = write_config(**changes)
    checked = sentence_of('check', config)
    assert message in checked
    assert [path.name for path in tmp_path.iterdir()] == ['config.py']  # nothing was written
    trained = sentence_of('train', config)
    assert message in trained
    assert trained.partition(' (traceback: ')[0] == checked


def test_plan_has_a_row_per_epoch_and_a_total(write_config, capsys, tmp_path):
    config = write_config(
        pruner=dict(type='DynamicRandom', prune_ratio=0.5),
        custom_hooks=[dict(type='test_check_command.NeverSteps')],
    )
    main(['check', config])
    output = capsys.readouterr()
    rows = [line.split() for line in output.out.splitlines()]
    assert [row[0] for row in rows] == ['epoch', '1', '2', '3', '4', 'total']
    assert rows[-1][1:] == ['84', '50.0%', '1.00', '24']
    assert 'checked: training would reach its first iteration\n' in output.err
    assert [path.name for path in tmp_path.iterdir()] == ['config.py']


def test_dry_run_of_train_is_the_same(write_config, capsys):
    config = write_config()
    main(['check', config, '--target-savings', '0.25'])
    checked = capsys.readouterr().out
    for flag in ('--dry-run', '--dry-run-pruning'):
        main(['train', config, '--target-savings', '0.25', flag])
        assert capsys.readouterr().out == checked
    assert checked.splitlines()[-1].split()[:3] == ['total', '126', '25.0%']


def test_missing_data_set_can_be_left_out(write_config, capsys):
    missing = dict(type='mmengine.dataset.BaseDataset', ann_file='train.json', _delete_=True)
    config = write_config(pruner=SETA, **{'train_dataloader.dataset': missing})
    main(['check', config, '--num-samples', '1000', '--num-gpus', '2'])
    output = capsys.readouterr()
    first = output.out.splitlines()[1].split()
    assert first == ['1', '1,000', '0.0%', '1.00', '125']
    assert output.err.endswith('first iteration; not checked: data, weights\n')


def test_options_are_checked_without_the_data_set(write_config, sentence_of):
    config = write_config(pruner=SETA, hook=False)
    assert 'needs BLSHook' in sentence_of('check', config, '--num-samples', '1000')
    config = write_config(pruner=SETA, **{'default_hooks.bls.components': ['loss']})
    assert 'components must be' in sentence_of('check', config, '--num-samples', '1000')


def test_other_backends_are_not_started(write_config, capsys):
    backends = [dict(type='LocalVisBackend'), dict(type='WandbVisBackend')]
    visualizer = dict(type='Visualizer', vis_backends=backends, name=f'v_{id(backends)}')
    main(['check', write_config(pruner=SETA, visualizer=visualizer)])
    assert 'not checked: WandbVisBackend' in capsys.readouterr().err


PURE_PYTHON = """
from mmengine.optim import CosineAnnealingLR, OptimWrapper
from mmengine.visualization import LocalVisBackend, Visualizer
from torch.optim import SGD
from toy import ToyData, ToyModel

from bls_mm import BLSHook, BLSSampler
from bls_mm.pruners import {pruner}
from bls_mm.scorers import ResidualScorer

model = dict(type=ToyModel)
train_dataloader = dict(
    dataset=dict(type=ToyData, length=42),
    batch_size=4,
    num_workers=0,
    sampler=dict(
        type=BLSSampler, pruner=dict(type={pruner}), scorer=dict(type=ResidualScorer)
    ),
)
train_cfg = dict(by_epoch=True, max_epochs=10)
optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=SGD, lr=0.01))
param_scheduler = [dict(type=CosineAnnealingLR, T_max=10, by_epoch=False)]
default_hooks = dict(bls=dict(type=BLSHook))
visualizer = dict(type=Visualizer, vis_backends=[dict(type=LocalVisBackend)], name='{pruner}')
"""


@pytest.mark.parametrize('pruner', ['InfoBatch', 'NoPruning'])
def test_classes_in_a_config_in_pure_python(pruner, write_config, tmp_path, capsys):
    write_config()  # makes tmp_path the current folder
    Path('pure.py').write_text(PURE_PYTHON.format(pruner=pruner))
    main(['check', 'pure.py', '--target-savings', '0.2'])
    shown = capsys.readouterr()
    assert 'not checked' not in shown.err
    main(['estimate', 'pure.py', '--target-savings', '0.2', '--num-samples', '420'])
    shown = capsys.readouterr().out
    assert 'schedule: CosineAnnealingLR by iteration' in shown
    assert "<class '" not in shown and "'>" not in shown


def test_config_that_does_not_prune_is_refused(write_config, sentence_of):
    assert sentence_of('check', write_config()) == (
        'the config does not prune; add for example --target-savings 0.3'
    )
