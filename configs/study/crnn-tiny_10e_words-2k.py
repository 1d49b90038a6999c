# The task of docs/label_issues.md: 2,000 words at half the height, less than half a minute on one CPU core.
# With so few training words the model generalises little: it reads one in nine unseen words.
_base_ = 'crnn-slim_6e_words.py'

model = dict(
    backbone=dict(
        arch_layers=[1, 1, 1],
        arch_channels=[16, 32, 64],
        # From 16 x 64 pixels to 1 x 16 time steps.
        strides=[(2, 2), (2, 2), (4, 1)],
    ),
    decoder=dict(in_channels=64),
)
pipeline = [
    dict(type='LoadImageFromFile', color_type='grayscale'),
    dict(type='Resize', scale=(64, 16), keep_ratio=False),
    dict(type='LoadOCRAnnotations', with_text=True),
    dict(
        type='PackTextRecogInputs',
        meta_keys=('img_path', 'ori_shape', 'img_shape', 'valid_ratio'),
    ),
]

train_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        datasets=[
            dict(indices=1000, **_base_.words_printed_train),
            dict(indices=1000, **_base_.words_scene_train),
        ],
        pipeline=pipeline,
    ),
)
test_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        datasets=[
            dict(indices=1000, **_base_.words_printed_test),
            dict(indices=1000, **_base_.words_scene_test),
        ],
        pipeline=pipeline,
    ),
)
val_dataloader = test_dataloader

max_epochs = 10
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
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
default_hooks = dict(checkpoint=dict(interval=max_epochs))
