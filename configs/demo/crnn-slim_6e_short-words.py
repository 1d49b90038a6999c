# MMOCR's CRNN, slim enough to learn to read within three minutes or so on one CPU core: a small residual
# backbone instead of MiniVGG, and a convolution instead of the recurrent decoder.
_base_ = [
    'mmocr::textrecog/crnn/crnn_mini-vgg_5e_mj.py',
    '_base_/short_words.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNet',
        in_channels=1,
        stem_channels=[8],
        block_cfgs=dict(type='BasicBlock'),
        arch_layers=[1, 1, 1, 1],
        arch_channels=[24, 48, 96, 128],
        # From 32 x 112 pixels to 1 x 28 steps of time.
        strides=[(4, 2), (2, 2), (2, 1), (2, 1)],
    ),
    decoder=dict(in_channels=128, rnn_flag=False),
)

# Letters keep their shape, whatever the length of the word: then few images teach much.
shape_image = [
    dict(type='RescaleToHeight', height=32, min_width=32, max_width=112),
    dict(type='PadToWidth', width=112),
]
pack = dict(
    type='PackTextRecogInputs', meta_keys=('img_path', 'ori_shape', 'img_shape', 'valid_ratio')
)
train_pipeline = [
    dict(type='LoadImageFromFile', color_type='grayscale', ignore_empty=True, min_size=2),
    dict(type='LoadOCRAnnotations', with_text=True),
    *shape_image,
    pack,
]
test_pipeline = [
    dict(type='LoadImageFromFile', color_type='grayscale'),
    *shape_image,
    dict(type='LoadOCRAnnotations', with_text=True),
    pack,
]

# To read 16 small images takes 3 ms, to get them from a worker, image by image, takes 10.
workers = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(
    batch_size=16,
    **workers,
    dataset=dict(
        datasets=[_base_.short_words_printed_train, _base_.short_words_scene_train],
        pipeline=train_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=100,
    **workers,
    dataset=dict(
        datasets=[_base_.short_words_printed_test, _base_.short_words_scene_test],
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
auto_scale_lr = dict(base_batch_size=16)

default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(interval=max_epochs, max_keep_ckpts=1),
)
randomness = dict(seed=0)
