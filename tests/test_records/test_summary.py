import pytest

from bls_mm.records.json_files import read_json, write_json
from bls_mm.records.savings import Savings
from bls_mm.records.summary import REQUIRED, read_summary, write_summary

NAME = 'bls_summary.json'


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
