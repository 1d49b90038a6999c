import pytest
from mmengine.config import Config
from other_libraries import import_library, need_library

from bls_mm.analysis.adaptations import adaptations
from bls_mm.config import load_config


@pytest.mark.parametrize(
    ('name', 'sentences'),
    [
        (
            'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py',
            ['schedule: LinearLR by iteration;', 'batch sampler: AspectRatioBatchSampler is kept'],
        ),
        (
            'mmdet::rtmdet/rtmdet_s_8xb32-300e_coco.py',
            [
                'schedule: LinearLR, CosineAnnealingLR by',
                'attribution: approximate, because of CachedM',
            ],
        ),
        (
            'mmdet::dino/dino-4scale_r50_8xb2-12e_coco.py',
            ['schedule: no scheduler steps by iteration'],
        ),
    ],
)
def test_adaptations_of_library_configs(name, sentences):
    need_library(name)
    lines = list(adaptations(load_config(name)))
    for sentence in sentences:
        assert sum(line.startswith(sentence) for line in lines) == 1


def test_adaptations_of_accumulation_and_iteration_based_loops():
    cfg = Config(
        dict(
            train_dataloader=dict(dataset=dict(type='ToyData')),
            optim_wrapper=dict(accumulative_counts=4),
            train_cfg=dict(max_iters=9),
        )
    )
    lines = '\n'.join(adaptations(cfg))
    assert 'accumulation: 4 iterations' in lines
    assert 'loop: counts iterations' in lines


@pytest.mark.parametrize(
    ('name', 'hook'),
    [
        ('ppyoloe/ppyoloe_s_fast_8xb32-300e_coco.py', 'PPYOLOEParamSchedulerHook'),
        ('yolov5/yolov5_n-v61_syncbn_fast_8xb16-300e_coco.py', 'YOLOv5ParamSchedulerHook'),
    ],
)
def test_adaptations_of_hooks_of_mmyolo(name, hook):
    import_library('mmyolo')
    lines = list(adaptations(load_config(f'mmyolo::{name}')))
    assert lines[0].startswith(f'schedule: {hook} sets the learning rate')
