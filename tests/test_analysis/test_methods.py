import pytest

from bls_mm.analysis.methods import parse_method


@pytest.mark.parametrize(
    ('text', 'pruner', 'scorer'),
    [
        ('SeTa', dict(type='SeTa'), None),
        ('InfoBatch(prune_ratio=0.3)', dict(type='InfoBatch', prune_ratio=0.3), None),
        (
            'my.own.Pruner(quantiles=(20, 85), deep=[dict(a=-1)]) + BatchLossScorer(init="zero")',
            dict(type='my.own.Pruner', quantiles=(20, 85), deep=[dict(a=-1)]),
            dict(type='BatchLossScorer', init='zero'),
        ),
        ('configs/other.py', None, None),
    ],
)
def test_parses_python_syntax(text, pruner, scorer):
    assert parse_method(text)[1:] == (pruner, scorer)
    assert '/' not in parse_method(text).folder


@pytest.mark.parametrize(
    'text', ['', 'SeTa(', 'SeTa(0.1)', 'SeTa - UCB', 'SeTa(a=b)', 'SeTa(**{})', '"SeTa"', 'a()()']
)
def test_other_syntax_raises(text):
    with pytest.raises(ValueError, match='cannot be parsed; write for example SeTa'):
        parse_method(text)


def test_baselines_use_no_scores():
    names = 'NoPruning', 'DynamicRandom(prune_ratio=0.3)', 'FewerPasses', 'SeTa', 'other.py'
    is_baseline = [parse_method(name).is_baseline for name in names]
    assert is_baseline == [True, True, True, False, False]
