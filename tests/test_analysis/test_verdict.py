import pytest
from toy import train

from bls_mm.analysis.report_head import cards_of, metric_rows
from bls_mm.analysis.verdict import ONE_RUN, verdict
from bls_mm.analysis.work_dir import read_run


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('run')
    train(work_dir, max_epochs=2)
    return read_run(work_dir)


def as_run(run, pruned, seconds, **metrics):
    summary = {**run.summary, 'pruned': pruned}
    return run._replace(summary=summary, seconds=seconds, metrics=metrics)


def test_verdict_compares_samples_time_and_metric(finished):
    run = as_run(finished, 0.25, 87.0, bbox_mAP=0.311)
    full = as_run(finished, 0.0, 100.0, bbox_mAP=0.32)
    random = as_run(finished, 0.25, 86.0, bbox_mAP=0.3)
    assert verdict(run, full, random) == [
        'Compared with the full run: 25\u00a0% fewer samples, 13\u00a0% less time, '
        '0.9 points less box mAP.',
        'Random samples compared with the full run: 25\u00a0% fewer samples, 14\u00a0% less time, '
        '2.0 points less box mAP.',
        'Compared with random samples: equal samples, 1\u00a0% more time, 1.1 points more box mAP.',
        ONE_RUN,
    ]


def test_verdict_without_other_runs_says_what_is_missing(finished):
    first, second = verdict(as_run(finished, 0.25, 87.0, bbox_mAP=0.3))
    assert first == '25\u00a0% of the samples pruned.'
    assert '--full' in second


def test_verdict_uses_the_metric_that_the_user_names(finished):
    run = as_run(finished, 0.25, None, bbox_mAP=0.3, bbox_mAP_50=0.5)
    full = as_run(finished, 0.0, None, bbox_mAP=0.4, bbox_mAP_50=0.5)
    assert 'bbox_mAP_50 0.5 instead of 0.5' in verdict(run, full, metric='bbox_mAP_50')[0]
    assert '10.0 points less box mAP' in verdict(run, full)[0]


def test_unfinished_run_has_no_verdict(finished):
    run = finished._replace(history=finished.history[:1])
    assert verdict(run, finished) == ['The run is not finished, so there is no verdict yet.']


@pytest.mark.parametrize('other', ['full', 'random'])
def test_a_run_that_stopped_is_no_measure(finished, other):
    stopped = as_run(finished, 0.0, 50.0)._replace(history=finished.history[:1])
    run = as_run(finished, 0.25, 87.0)
    assert verdict(run, **{other: stopped}) == [
        f'The {other} run is not finished, so there is no verdict yet.'
    ]
    assert cards_of(run, stopped, None)[1] == ('87\u00a0s', 'of training')


def test_cards_count_in_points_and_never_show_a_negative_zero(finished):
    run = as_run(finished, 0.25, 190.0, **{'accuracy/top1': 88.08})
    full = as_run(finished, 0.0, 100.0, **{'accuracy/top1': 88.1})
    cards = cards_of(run, full, None)
    assert cards[1] == ('90.0%', 'more training time: 190\u00a0s instead of 100\u00a0s')
    assert cards[2] == ('0.0', 'points of top-1 accuracy: 88.1\u00a0%, full run 88.1\u00a0%')


def test_undefined_values_are_dashes(finished):
    run = as_run(finished, 0.2, 1.0, bbox_mAP=0.3, bbox_mAP_s=-1.0)
    full = as_run(finished, 0.0, 1.0, bbox_mAP=0.4, bbox_mAP_s=-1.0)
    first, second = metric_rows(run, [full])
    assert first == ('bbox_mAP', '0.3', [('0.4', '-0.1')])
    assert second == ('bbox_mAP_s', '–', [('–', '–')])
