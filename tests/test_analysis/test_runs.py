import json

import pytest

from bls_mm.analysis.runs import seconds_per_iteration


def test_seconds_per_iteration_of_earlier_run(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r'no scalars.json found under .*; give the work dir'
    ):
        seconds_per_iteration(str(tmp_path))
    log = tmp_path / 'now' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text('{"bbox_mAP": 0.1, "time": 9}\n')
    with pytest.raises(ValueError, match='contains no iteration times; give the log of'):
        seconds_per_iteration(str(tmp_path))
    lines = [dict(loss=1, time=time) for time in (8.0, 0.5, 0.25, 0.5)]
    log.write_text(''.join(json.dumps(line) + '\n' for line in lines) + '{"loss": 1, "ti')
    assert seconds_per_iteration(str(tmp_path)) == seconds_per_iteration(str(log)) == 0.5
