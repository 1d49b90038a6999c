import pytest

from bls_mm.records.savings import Savings


def test_pruned_fraction_and_seconds():
    savings = Savings(samples_seen=75, samples_unpruned=100, planning_seconds=1, scoring_seconds=2)
    assert savings.pruned == pytest.approx(0.25)
    assert savings.pruning_seconds == 3
    assert Savings().pruned == 0
    assert next(iter(savings.as_dict())) == 'pruned'
    assert Savings(**{k: v for k, v in savings.as_dict().items() if k != 'pruned'}) == savings


def test_sentence_reports_exceptions_only_if_there_are_any():
    savings = Savings(samples_seen=200, samples_unpruned=250, iterations=20, iterations_unpruned=25)
    sentence = savings.as_sentence()
    assert 'trained on 200 samples instead of 250 (20.0% pruned)' in sentence
    for word in ('mixed', 'replaced', 'not scored'):
        assert word not in sentence
    savings.mixed_samples, savings.checked_samples, savings.replaced_samples = 50, 100, 1
    savings.unscored_batches = 2
    sentence = savings.as_sentence()
    assert '25.0% of the samples were mixed with others' in sentence
    assert 'the pipeline replaced 1.0% of the samples' in sentence
    assert '2 batches were not scored' in sentence
