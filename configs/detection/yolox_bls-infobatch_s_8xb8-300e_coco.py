_base_ = 'mmdet::yolox/yolox_s_8xb8-300e_coco.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='InfoBatch')))
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
