# MMDetection's RetinaNet, slim enough to learn to find handwritten digits within ten minutes on two
# CPU cores, from scratch: digits are 15 to 50 pixels high, so the backbone ends at stride 16.
_base_ = [
    'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py',
    '_base_/digit_scenes.py',
]

# Nothing is pretrained, so everything learns, and batch norm also in neck and head.
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    data_preprocessor=dict(pad_size_divisor=16),
    backbone=dict(
        base_channels=32,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(1, 2),
        frozen_stages=-1,
        norm_eval=False,
        init_cfg=None,
    ),
    neck=dict(
        in_channels=[64, 128],
        out_channels=64,
        start_level=0,
        add_extra_convs=False,
        num_outs=2,
        norm_cfg=norm_cfg,
    ),
    bbox_head=dict(
        num_classes=10,
        in_channels=64,
        feat_channels=64,
        stacked_convs=2,
        norm_cfg=norm_cfg,
        # Ratios are height by width: digits are upright.
        anchor_generator=dict(octave_base_scale=2, ratios=[1.25, 2.0], strides=[8, 16]),
    ),
)

train_dataloader = dict(batch_size=4, num_workers=1, dataset=_base_.digit_scenes_train)
val_dataloader = dict(num_workers=1, dataset=_base_.digit_scenes_val)
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=f'{_base_.digit_scenes_data_root}/annotations/val.json')
test_evaluator = val_evaluator

max_epochs = 12
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=2e-3, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        T_max=max_epochs,
        eta_min=0,
        begin=0,
        end=max_epochs,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(base_batch_size=4)

default_hooks = dict(checkpoint=dict(interval=max_epochs, max_keep_ckpts=1))
randomness = dict(seed=0)
