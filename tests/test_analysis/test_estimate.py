import json
import math

import pytest
from mmengine.config import Config
from mmengine.dataset import BaseDataset

from bls_mm.analysis.estimate import RunSize, estimate, plan_run, size_of
from bls_mm.analysis.simulation import PlannedEpoch

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


def test_size_of_epoch_based_and_iteration_based_runs():
    assert size_of(config(), 1000, 2) == RunSize(1000, 4, 2, 10)
    iterations = config(train_cfg=dict(_delete_=True, max_iters=500))
    assert size_of(iterations, 1000, 2).max_epochs == 4


def test_size_counts_existing_data_set(tmp_path, monkeypatch):
    cfg = config(
        train_dataloader=dict(
            dataset=dict(
                type=BaseDataset, ann_file='data.json', pipeline=[dict(type='NotInstalled')]
            )
        )
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r'missing \(data.json\); give .* --num-samples'):
        size_of(cfg)
    data = dict(metainfo={}, data_list=[dict(img_path=f'{i}.jpg') for i in range(7)])
    (tmp_path / 'data.json').write_text(json.dumps(data))
    assert size_of(cfg).num_samples == 7


def test_estimate_sums_epochs():
    size = RunSize(1000, 4, 2, 3)
    plan = [PlannedEpoch(1.0, 1.0, math.nan), *[PlannedEpoch(0.5, 1.0, c) for c in (0.2, 0.4)]]
    result = estimate(plan, size)
    assert result[:4] == (2000, 3000, 125 + 63 + 63, 375)
    assert result.correlation == 0.4
    assert result.pruned == pytest.approx(1 / 3)


def test_a_loop_of_iterations_ends_within_an_epoch():
    size = size_of(config(train_cfg=dict(_delete_=True, max_iters=550)), 1000, 1)  # 2.2 epochs
    assert size.max_epochs == 3 and size.num_epochs == pytest.approx(2.2)
    result = estimate([PlannedEpoch(1.0, 1.0, math.nan)] * 2 + [PlannedEpoch(0.5, 1, 0)], size)
    assert result[:4] == (2100, 2200, 500 + 25, 550)


def test_samples_that_fill_no_batch_are_dropped():
    size = size_of(config(train_dataloader=dict(drop_last=True)), 1003, 2)
    result = estimate([PlannedEpoch(0.7, 1.0, 0)] * 10, size)
    assert result[:4] == (6960, 10_000, 870, 1250)


def test_plan_uses_pruner_of_config():
    plan = plan_run(config(), RunSize(1000, 4, 1, 4))
    assert [epoch.kept_fraction for epoch in plan] == [0.5] * 4
