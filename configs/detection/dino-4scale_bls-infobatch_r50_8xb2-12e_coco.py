_base_ = 'mmdet::dino/dino-4scale_r50_8xb2-12e_coco.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='InfoBatch')))
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
