_base_ = 'mmdet::deformable_detr/deformable-detr_r50_16xb2-50e_coco.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')))
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
