_base_ = 'mmyolo::ppyoloe/ppyoloe_s_fast_8xb32-300e_coco.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')))
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
