_base_ = 'mmpretrain::efficientnet/efficientnet-b0_8xb32_in1k.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='InfoBatch')))
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
