# A task of docs/studies/classification.md: 4,000 rendered characters, learned to the end. The model reads all training images
# by then, so that much of what pruning leaves out is known already. Made by
# python tools/data/make_characters.py
_base_ = [
    'mmpretrain::_base_/models/resnet18_cifar.py',
    'mmpretrain::_base_/default_runtime.py',
]

num_classes = 36
model = dict(
    # An eighth of the channels, three stages, and half the side from the first stage on.
    backbone=dict(
        in_channels=1,
        stem_channels=8,
        base_channels=8,
        num_stages=3,
        strides=(2, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(2,),
    ),
    head=dict(num_classes=num_classes, in_channels=32),
)
data_preprocessor = dict(mean=[127.5], std=[64.0], num_classes=num_classes)

characters = dict(
    type='MNIST',
    data_root='data/characters',
    data_prefix='',
    download=False,
    metainfo=dict(classes=list('abcdefghijklmnopqrstuvwxyz0123456789')),
    pipeline=[dict(type='PackInputs')],
)
train_dataloader = dict(
    batch_size=32,
    num_workers=0,  # images lie in memory, ready to use
    dataset=dict(**characters, indices=4000),
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='NoPruning')),
)
val_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(**characters, test_mode=True),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='Accuracy', topk=1)
test_evaluator = val_evaluator

max_epochs = 20
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=max_epochs)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=0.01, weight_decay=0.05))
param_scheduler = dict(
    type='OneCycleLR', eta_max=0.01, total_steps=max_epochs, convert_to_iter_based=True
)
default_hooks = dict(
    checkpoint=dict(interval=max_epochs),
    bls=dict(type='bls_mm.BLSHook'),
)
