import importlib.util
import pickle
from pathlib import Path

import pytest
from mmengine.config import Config

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location('test_tool', ROOT / 'tools' / 'test.py')
tool = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)


@pytest.mark.parametrize(
    'evaluator',
    [dict(type='A'), [dict(type='A')], dict(type='Several', metrics=[dict(type='A')])],
    ids=['metric', 'list', 'evaluator with metrics'],
)
def test_dump_is_added_to_any_evaluator(evaluator, tmp_path):
    cfg = Config(dict(test_evaluator=evaluator))
    tool._dump_predictions(cfg, 'out.pkl')
    evaluator = cfg.test_evaluator
    metrics = evaluator if isinstance(evaluator, list) else evaluator.metrics
    assert [metric['type'] for metric in metrics] == ['A', 'DumpPredictions']


def test_dumps_predictions_of_all_data_sets(tmp_path):
    path = tmp_path / 'out.pkl'
    metric = tool.DumpPredictions(str(path))
    for part in ([1, 2], [3]):  # as MMOCR's evaluator for several data sets does
        metric.compute_metrics(part)
    assert pickle.loads(path.read_bytes()) == [1, 2, 3]
