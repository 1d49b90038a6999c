"""Whether two runs can be compared."""

from pathlib import Path

import pytest

from bls_mm.analysis.same_task import check_same_task
from bls_mm.analysis.work_dir import Run


def run_of(metrics=('coco/bbox_mAP',), model='RetinaNet', **dataset):
    dataset = dict(type='CocoDataset', ann_file='a.json', **dataset)
    config = dict(
        model=dict(type=model),
        train_dataloader=dict(dataset=dict(type='ConcatDataset', datasets=[dataset])),
    )
    return Run(Path('run'), config, None, [], {}, [], dict.fromkeys(metrics, 0.5), None)


@pytest.mark.parametrize(
    ('other', 'difference'),
    [
        (run_of(data_root='other/'), 'training set has data_root=other/, instead of type=Coco'),
        (run_of(model='FCOS'), 'model is FCOS instead of RetinaNet'),
        (run_of(metrics=['word_acc']), 'metric is word_acc instead of coco/bbox_mAP'),
    ],
)
def test_other_task_is_refused(other, difference):
    with pytest.raises(
        ValueError, match=f"--full 'run' is a run of another task: its {difference}"
    ):
        check_same_task(run_of(), other, '--full')


def test_same_task_is_accepted():
    check_same_task(run_of(), run_of(pipeline=[dict(type='Resize')]), '--full')
    check_same_task(run_of(), run_of(metrics=['coco/bbox_mAP', 'coco/bbox_mAP_50']), '--full')
    unknown = run_of()._replace(config={}, metrics={})
    check_same_task(run_of(), unknown, '--full')


def test_random_run_must_be_random():
    sampler = dict(pruner=dict(type='SeTa'))
    other = run_of()
    other.config['train_dataloader']['sampler'] = sampler
    with pytest.raises(ValueError, match='--random names a run with SeTa; give a run with'):
        check_same_task(run_of(), other, '--random')
    sampler['pruner'] = dict(type='bls_mm.DynamicRandom')
    check_same_task(run_of(), other, '--random')


def test_a_run_on_all_samples_is_no_random_run():
    other = run_of()
    other.config['train_dataloader']['sampler'] = dict(type='DefaultSampler')
    with pytest.raises(ValueError, match='--random names a run with NoPruning; give a run with'):
        check_same_task(run_of(), other, '--random')
    check_same_task(run_of(), other, '--full')


@pytest.mark.parametrize('pruner', [dict(pruner='auto'), {}])
def test_full_run_must_not_prune(pruner):
    other = run_of()
    other.config['train_dataloader']['sampler'] = dict(type='bls_mm.BLSSampler', **pruner)
    with pytest.raises(ValueError, match=r'--full names a run that prunes with .*; give a run on'):
        check_same_task(run_of(), other, '--full')
