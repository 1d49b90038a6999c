import json
import math

import pytest
from mmengine.config import Config
from mmengine.dataset import BaseDataset

from bls_mm.analysis.estimate import (
    RunSize,
    adaptations,
    estimate,
    plan_run,
    seconds_per_iteration,
    size_of,
)
from bls_mm.analysis.simulation import PlannedEpoch
from bls_mm.config import load_config

CONFIG = dict(
    train_dataloader=dict(
        batch_size=4,
        dataset=dict(type='NoSuchData'),
        sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='DynamicRandom', prune_ratio=0.5)),
    ),
    train_cfg=dict(max_epochs=10),
)


def config(**options):
    cfg = Config(CONFIG)
    cfg.merge_from_dict(options)
    return cfg


def test_size_of_a_run_in_epochs_and_of_one_in_iterations():
    assert size_of(config(), 1000, 2) == RunSize(1000, 4, 2, 10)
    iterations = config(train_cfg=dict(_delete_=True, max_iters=500))
    assert size_of(iterations, 1000, 2).max_epochs == 4


def test_the_data_set_is_counted_where_it_is(tmp_path, monkeypatch):
    cfg = config(
        train_dataloader=dict(
            dataset=dict(
                type=BaseDataset, ann_file='data.json', pipeline=[dict(type='NotInstalled')]
            )
        )
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r'not there \(data.json\); say .* --num-samples'):
        size_of(cfg)
    data = dict(metainfo={}, data_list=[dict(img_path=f'{i}.jpg') for i in range(7)])
    (tmp_path / 'data.json').write_text(json.dumps(data))
    assert size_of(cfg).num_samples == 7


def test_sums():
    size = RunSize(1000, 4, 2, 3)
    plan = [PlannedEpoch(1.0, 1.0, math.nan), *[PlannedEpoch(0.5, 1.0, c) for c in (0.2, 0.4)]]
    result = estimate(plan, size)
    assert result[:4] == (2000, 3000, 125 + 63 + 63, 375)
    assert result.correlation == pytest.approx(0.3)
    assert result.pruned == pytest.approx(1 / 3)


def test_the_plan_is_made_by_the_pruner_of_the_config():
    plan = plan_run(config(), RunSize(1000, 4, 1, 4))
    assert [epoch.kept_ratio for epoch in plan] == [0.5] * 4


def test_time_of_an_old_run(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no scalars.json under .*; name the work dir'):
        seconds_per_iteration(str(tmp_path))
    log = tmp_path / 'now' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text('{"bbox_mAP": 0.1, "time": 9}\n')
    with pytest.raises(ValueError, match='tells no time of an iteration; name the log of'):
        seconds_per_iteration(str(tmp_path))
    lines = [dict(loss=1, time=time) for time in (8.0, 0.5, 0.25, 0.5)]
    log.write_text(''.join(json.dumps(line) + '\n' for line in lines) + '{"loss": 1, "ti')
    assert seconds_per_iteration(str(tmp_path)) == seconds_per_iteration(str(log)) == 0.5


@pytest.mark.parametrize(
    ('name', 'sentences'),
    [
        (
            'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py',
            ['schedule: LinearLR by iteration;', 'batch sampler: AspectRatioBatchSampler stays'],
        ),
        (
            'mmdet::rtmdet/rtmdet_s_8xb32-300e_coco.py',
            ['schedule: LinearLR, CosineAnnealingLR by', 'attribution: approximate: CachedMixUp'],
        ),
        ('mmdet::dino/dino-4scale_r50_8xb2-12e_coco.py', ['schedule: nothing steps by iteration']),
    ],
)
def test_what_is_adapted(name, sentences):
    said = list(adaptations(load_config(name)))
    for sentence in sentences:
        assert sum(line.startswith(sentence) for line in said) == 1


def test_accumulation_and_loops_of_iterations_are_adapted():
    cfg = config(
        optim_wrapper=dict(accumulative_counts=4), train_cfg=dict(_delete_=True, max_iters=9)
    )
    said = '\n'.join(adaptations(cfg))
    assert 'accumulation: of 4 iterations' in said
    assert 'loop: counts iterations' in said
