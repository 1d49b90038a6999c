# The paper's CIFAR recipe (its script cifar.sh), for ResNet-18: 200 epochs, LARS, one cycle.
_base_ = [
    'mmpretrain::_base_/models/resnet18_cifar.py',
    'mmpretrain::_base_/default_runtime.py',
]
model = dict(head=dict(loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, _delete_=True)))
optim_wrapper = dict(optimizer=dict(type='LARS', lr=5.2, momentum=0.95, weight_decay=5e-4))
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=5.2,
        total_steps=200,
        pct_start=0.3,
        div_factor=25,
        final_div_factor=1e4,
        convert_to_iter_based=True,
    ),
    # The momentum runs against the learning rate, as in torch's OneCycleLR.
    dict(type='CosineAnnealingMomentum', eta_min=0.85, T_max=60, end=60),
    dict(type='CosineAnnealingMomentum', eta_min=0.95, T_max=140, begin=60, end=200),
]
train_cfg = dict(by_epoch=True, max_epochs=200, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=128)
default_hooks = dict(
    checkpoint=dict(max_keep_ckpts=1, save_best='auto'),
    bls=dict(type='bls_mm.BLSHook'),
)
