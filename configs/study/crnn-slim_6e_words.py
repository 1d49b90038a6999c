# The base of studies on words of up to eight characters: MMOCR's CRNN with a small residual backbone
# instead of MiniVGG, and a convolution instead of the recurrent decoder.
_base_ = [
    'mmocr::textrecog/crnn/crnn_mini-vgg_5e_mj.py',
    '_base_/words.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNet',
        in_channels=1,
        stem_channels=[8],
        block_cfgs=dict(type='BasicBlock'),
        arch_layers=[1, 1, 1, 1, 1],
        arch_channels=[16, 32, 64, 128, 128],
        # From 32 x 100 pixels to 1 x 25 steps of time.
        strides=[(2, 2), (2, 2), (2, 1), (2, 1), (2, 1)],
    ),
    decoder=dict(in_channels=128, rnn_flag=False),
)

# All images get one shape in testing too, so that they can be tested in batches.
test_pipeline = [
    dict(type='mmocr.LoadImageFromFile', color_type='grayscale'),
    dict(type='mmocr.Resize', scale=(100, 32), keep_ratio=False),
    dict(type='mmocr.LoadOCRAnnotations', with_text=True),
    dict(
        type='mmocr.PackTextRecogInputs',
        meta_keys=('img_path', 'ori_shape', 'img_shape', 'valid_ratio'),
    ),
]

train_dataloader = dict(
    batch_size=32,
    num_workers=1,
    dataset=dict(datasets=[_base_.words_printed_train, _base_.words_scene_train]),
)
test_dataloader = dict(
    batch_size=100,
    num_workers=1,
    dataset=dict(
        datasets=[_base_.words_printed_test, _base_.words_scene_test],
        pipeline=test_pipeline,
    ),
)
val_dataloader = test_dataloader

val_evaluator = dict(
    metrics=[dict(type='WordMetric', mode='ignore_case')],
    dataset_prefixes=['Printed', 'Scene'],
)
test_evaluator = val_evaluator

max_epochs = 6
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=3e-3, weight_decay=0.05),
    clip_grad=dict(max_norm=5),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, end=1, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        begin=1,
        end=max_epochs,
        T_max=max_epochs - 1,
        eta_min=1e-5,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(base_batch_size=32)

default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(interval=max_epochs, max_keep_ckpts=1),
)
randomness = dict(seed=0)
