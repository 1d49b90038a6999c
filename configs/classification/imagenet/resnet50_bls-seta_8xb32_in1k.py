# No random pruning, only the window of 3 of 5 groups: the setting of the paper's ImageNet script.
_base_ = 'mmpretrain::resnet/resnet50_8xb32_in1k.py'
train_dataloader = dict(
    sampler=dict(
        type='bls_mm.BLSSampler', pruner=dict(type='SeTa', prune_ratio=0.0, window_scale=0.6)
    )
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
