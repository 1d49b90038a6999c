import pytest

from bls_mm.records.files import read_json, write_json
from bls_mm.records.savings import REQUIRED, Savings, read_summary, write_summary

NAME = 'bls_summary.json'


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


def test_summary_is_read_as_written(tmp_path):
    savings = Savings(epochs=2, samples_seen=75, samples_unpruned=100, training_seconds=1.5)
    write_summary(tmp_path, savings)
    assert read_summary(tmp_path) == savings.as_dict()


@pytest.mark.parametrize('content', ['', '{', '[1]', '5', '\ud800', '[' * 100_000, '{"epochs": 1}'])
def test_damaged_summary_is_empty(tmp_path, content):
    (tmp_path / NAME).write_bytes(content.encode('utf-8', 'surrogatepass'))
    assert read_summary(tmp_path) == {}


@pytest.mark.parametrize('value', [None, '1', [1], True, float('nan'), float('inf')])
@pytest.mark.parametrize('name', REQUIRED)
def test_summary_that_lacks_a_number_is_empty(tmp_path, name, value):
    content = Savings(epochs=2).as_dict()
    write_json(tmp_path / NAME, {**content, name: value})
    assert read_summary(tmp_path) == {}
    write_json(tmp_path / NAME, {**content, 'other': value})
    assert read_summary(tmp_path) == content


def test_missing_file_or_directory_is_empty(tmp_path):
    assert read_json(tmp_path / 'none.json') == {}
    assert read_json(tmp_path) == {}
