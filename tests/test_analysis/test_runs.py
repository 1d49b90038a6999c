import json

import pytest

from bls_mm.analysis import runs
from bls_mm.analysis.runs import last_validation, seconds_per_iteration


def test_seconds_per_iteration_of_earlier_run(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r'no scalars.json found under .*; give the work dir'
    ):
        seconds_per_iteration(str(tmp_path))
    log = tmp_path / 'now' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text('{"loss": 0.1, "time": 9}\n')  # of a validation
    with pytest.raises(ValueError, match='contains no iteration times; give the log of'):
        seconds_per_iteration(str(tmp_path))
    lines = [dict(loss=1, lr=1, time=time) for time in (8.0, 0.5, 0.25, 0.5)]
    log.write_text(''.join(json.dumps(line) + '\n' for line in lines) + '{"loss": 1, "ti')
    assert seconds_per_iteration(str(tmp_path)) == seconds_per_iteration(str(log)) == 0.5


def write_log(folder, *lines):
    log = folder / 'now' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text(''.join(json.dumps(line) + '\n' for line in lines))


def test_a_metric_may_be_called_loss(tmp_path):
    write_log(tmp_path, dict(loss=3.0, lr=0.1, step=1), dict(loss=2.0, step=1))
    assert last_validation(tmp_path) == dict(loss=2.0)


@pytest.mark.parametrize(('metric', 'value'), [(None, 0.8), ('PCK', 0.5)])
def test_an_automatic_choice_matches_whole_names(tmp_path, metric, value, monkeypatch):
    monkeypatch.setattr(runs, 'read_seconds', lambda folder: 1.0)
    write_log(tmp_path, {'t/PCK': 0.8, 't/tPCK': 0.2, 'step': 1})
    assert runs.read_result(tmp_path, metric)['metric'] == pytest.approx(value)
