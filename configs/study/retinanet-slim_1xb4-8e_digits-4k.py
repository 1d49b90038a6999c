# The detection task of docs/studies/detection.md with many samples: 4,000 scenes, and half the channels of the demo's
# detector, in six to seven minutes of one CPU core. Made by
# python tools/data/make_digit_scenes.py --out data/digit_scenes-4k --train 4000
_base_ = '../demo/retinanet_r18_fpn_1xb4-12e_digits.py'

data_root = 'data/digit_scenes-4k'

model = dict(
    backbone=dict(base_channels=16),
    neck=dict(in_channels=[32, 64], out_channels=32),
    bbox_head=dict(in_channels=32, feat_channels=32),
)
train_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(data_root=data_root),
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='NoPruning')),
)
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=f'{data_root}/annotations/val.json')
test_evaluator = val_evaluator

max_epochs = 8
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
_base_.param_scheduler[1].update(end=max_epochs, T_max=max_epochs)
default_hooks = dict(
    checkpoint=dict(interval=max_epochs),
    bls=dict(type='bls_mm.BLSHook'),
)
