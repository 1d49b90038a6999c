import pytest
from mmengine.config import Config

from bls_mm.analysis.answer import answer, compare_scorers, score_line
from bls_mm.analysis.estimate import Estimate, RunSize

RESULT = Estimate(700, 1000, 350, 500, 0.1)
SCORERS = {'BatchLossScorer': 0.1, 'ResidualScorer': 0.5, 'loss of each sample': 0.9}


def config(scorer=None, pruner='SeTa'):
    sampler = dict(type='bls_mm.BLSSampler', pruner=dict(type=pruner))
    if scorer is not None:
        sampler['scorer'] = scorer
    return Config(dict(train_dataloader=dict(sampler=sampler)))


def test_scorers_are_shown_apart():
    found = compare_scorers(config(), RunSize(500, 4, 1, 8))
    assert [*found] == [*SCORERS]
    assert found['BatchLossScorer'] < found['ResidualScorer'] < found['loss of each sample']
    line = score_line(found, 4)
    assert all(name in line for name in SCORERS)


def test_a_pruner_without_scores_has_no_quality():
    assert compare_scorers(config(pruner='DynamicRandom'), RunSize(500, 4, 1, 8)) == {}
    _, risk, _ = answer(config(pruner='DynamicRandom'), RESULT, {})
    assert 'as with any random subset' in risk


def test_gain_includes_the_time_if_it_is_known():
    assert next(answer(config(), RESULT, SCORERS)) == (
        'You gain: 30.0% of the samples, 150 iterations.'
    )
    assert next(answer(config(), RESULT, SCORERS, seconds=24.0)) == (
        'You gain: 30.0% of the samples, 150 iterations, about 1.00 h of training.'
    )


@pytest.mark.parametrize(
    ('scorer', 'risk', 'advice'),
    [
        (None, 'BatchLossScorer (0.10) chooses nearly at random', "set scorer='auto'"),
        (dict(type='ResidualScorer'), 'ResidualScorer (0.50) knows which', 'train once with this'),
        ('auto', 'if the model provides it; otherwise ResidualScorer (0.50) knows', 'the log says'),
        ('auto', 'accuracy; loss of each sample (0.90) knows which samples', 'the log says'),
        (dict(type='ResidualScorer', per_sample='auto'), 'ResidualScorer (0.50)', 'the log says'),
        (dict(type='SampleLossScorer'), 'loss of each sample (0.90) knows', 'train once with'),
    ],
)
def test_answer_is_three_lines(scorer, risk, advice):
    gain, second, third = answer(config(scorer), RESULT, SCORERS)
    assert gain.startswith('You gain: ')
    assert second.startswith('You risk: accuracy; ')
    assert risk in second
    assert third.startswith('Do: ')
    assert advice in third
