import sys
from pathlib import Path

import pytest

from bls_mm.analysis.main_metric import in_points, main_metric

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools'))

import demo

WORDS = {
    'printed/recog/word_acc': 0.5,
    'printed/recog/word_acc_ignore_case': 0.6,
    'printed/recog/word_acc_ignore_case_symbol': 0.9,
    'scene/recog/word_acc': 0.3,
    'scene/recog/word_acc_ignore_case': 0.4,
}
COCO = {'coco/bbox_mAP_s': -1.0, 'coco/bbox_mAP': 0.31, 'coco/bbox_mAP_50': 0.5}


def test_several_test_sets_are_averaged():
    metric = main_metric(WORDS)
    assert (metric.key, metric.points) == ('word_acc_ignore_case', True)
    assert metric.value == pytest.approx(0.5)


def test_undefined_value_is_never_the_metric():
    assert main_metric(COCO).value == 0.31
    assert main_metric({'coco/bbox_mAP_s': -1.0}) is None
    assert main_metric(COCO, 'bbox_mAP_s') is None
    assert main_metric({'reward': -1.0}).value == -1.0


def test_a_named_metric_wins():
    assert main_metric(COCO, 'mAP_50').value == 0.5
    assert main_metric(COCO, 'hmean') is None


def test_an_unknown_metric_has_no_points():
    assert main_metric({'valid/psnr': 30.0})[:2] == ('psnr', 'psnr')
    assert not main_metric({'valid/psnr': 30.0}).points


def test_an_automatic_choice_matches_whole_names():
    metrics = {'t/PCK': 0.8, 't/tPCK': 0.2, 'u/PCK': 0.6}
    assert main_metric(metrics).value == pytest.approx(0.7)


def test_fractions_and_percentages_give_the_same_points():
    assert in_points(0.9 - 0.88, 0.9, 0.88) == pytest.approx(2)
    assert in_points(90 - 88, 90, 88) == 2


@pytest.mark.parametrize('metrics', [WORDS, COCO])
def test_report_and_demo_use_the_same_metric(metrics):
    assert main_metric(metrics).key in {task.metric_suffix for task in demo.TASKS.values()}
