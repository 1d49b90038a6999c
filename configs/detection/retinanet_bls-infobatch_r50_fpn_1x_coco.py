_base_ = 'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='InfoBatch')))
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
