"""``--target-savings``, ``--pruner`` and ``--scorer``: one syntax in all commands."""

import pytest
from mmengine.config import Config

from bls_mm.cli import pruning_flags
from bls_mm.cli.main import parse_args
from bls_mm.cli.train_command import to_config

AUTO = dict(type='ResidualScorer', per_sample='auto')


@pytest.fixture
def sampler_of(write_config):
    def build(*flags, **options):
        args = parse_args('train', [write_config(**options), *flags], 'bls train')
        return to_config(args).train_dataloader.sampler

    return build


def test_options_are_written_as_in_python(sampler_of):
    sampler = sampler_of(
        *('--pruner', "SeTa(prune_ratio=0.2, guards=[dict(type='Revisit', epochs=3)])"),
        *('--scorer', 'BatchLossScorer(alpha=0.9)'),
    )
    assert sampler.pruner == dict(
        type='SeTa', prune_ratio=0.2, guards=[dict(type='Revisit', epochs=3)]
    )
    assert sampler.scorer == dict(type='BatchLossScorer', alpha=0.9)


def test_target_savings_takes_the_recommended_setting(sampler_of):
    sampler = sampler_of('--target-savings', '0.3')
    assert sampler.pruner == dict(type='auto', target_savings=0.3)
    assert 'scorer' not in sampler  # the sampler takes 'auto'


def test_target_savings_replaces_a_pruner_that_keeps_all(sampler_of):
    sampler = sampler_of('--target-savings', '0.3', pruner=dict(type='NoPruning'))
    assert sampler.pruner == dict(type='auto', target_savings=0.3)
    assert sampler_of('--pruner', 'NoPruning').pruner == dict(type='NoPruning')


def test_target_savings_keeps_the_pruner_and_the_scorer_that_are_named(sampler_of):
    sampler = sampler_of('--target-savings', '0.3', '--pruner', 'InfoBatch')
    assert sampler.pruner == dict(type='InfoBatch', target_savings=0.3)
    assert 'scorer' not in sampler
    sampler = sampler_of('--target-savings', '0.3', '--scorer', 'BatchLossScorer')
    assert sampler.scorer == dict(type='BatchLossScorer')


def test_target_savings_keeps_the_pruner_of_the_config(sampler_of):
    sampler = sampler_of('--target-savings', '0.3', pruner=dict(type='SeTa', num_groups=4))
    assert sampler.pruner == dict(type='SeTa', num_groups=4, target_savings=0.3)


def test_estimate_prunes_a_config_that_does_not(write_config, capsys):
    from bls_mm.cli.main import main

    main(['estimate', write_config(), '--num-samples', '1000'])
    assert "pruner: {'type': 'auto'}" in capsys.readouterr().out
    flags = '--target-savings', '0.25', '--cfg-options', 'train_cfg.max_epochs=8'
    main(['estimate', write_config(), '--num-samples', '1000', *flags])
    output = capsys.readouterr().out
    assert 'run: 8 epochs of 1,000 samples' in output and '(25.0% pruned)' in output


@pytest.mark.parametrize('command', ['train', 'check', 'estimate'])
@pytest.mark.parametrize(
    ('flags', 'message'),
    [
        (
            ('--pruner', 'Seta(prune_ratio=0.2)'),
            "did you mean --pruner 'SeTa(prune_ratio=0.2)'?",
        ),
        (('--pruner', 'infobatch'), 'did you mean --pruner InfoBatch?'),
        (('--pruner', 'SeTa(ratio=0.2)'), "did you mean pruner=dict(type='SeTa', prune_ratio=0.2)"),
        (('--pruner', 'SeTa(prune_ratio=2)'), 'prune_ratio must be a fraction'),
        (('--pruner', 'SeTa(0.2)'), "such as --pruner 'SeTa(prune_ratio=0.2)'"),
        (('--pruner', 'SeTa + auto'), "give a scorer with --scorer, for example 'auto'"),
        (('--pruner', 'SeTa', '--scorer', 'Auto'), 'SampleLossScorer, auto; did you mean --scorer'),
        (
            ('--pruner', "SeTa(guards=[dict(type='Revist')])"),
            "did you mean guards=[dict(type='Revisit')]?",
        ),
        (
            ('--pruner', "SeTa(guards='Revisit')"),
            "write for example guards=[dict(type='Revisit', epochs=5)]",
        ),
        (('--pruner', 'StaticRandom', '--target-savings', '0.3'), 'remove target_savings'),
    ],
)
def test_mistake_gives_one_sentence(command, flags, message, write_config, sentence_of, tmp_path):
    assert message in sentence_of(command, write_config(), *flags)
    assert [path.name for path in tmp_path.iterdir()] == ['config.py']


def test_scorer_alone_is_refused(write_config, capsys):
    with pytest.raises(SystemExit):
        parse_args('check', [write_config(), '--scorer', 'auto'], 'bls check')
    assert '--scorer needs --pruner or --target-savings' in capsys.readouterr().err


@pytest.mark.parametrize('kind', ['bls_mm.BLSSampler', 'DefaultSampler'])
def test_whether_a_config_prunes(kind):
    cfg = Config(dict(train_dataloader=dict(sampler=dict(type=kind))))
    assert pruning_flags.prunes(cfg) == (kind != 'DefaultSampler')
    assert not pruning_flags.prunes(Config(dict(train_dataloader=None)))
