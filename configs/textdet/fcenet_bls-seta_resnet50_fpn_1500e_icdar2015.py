_base_ = 'mmocr::textdet/fcenet/fcenet_resnet50_fpn_1500e_icdar2015.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')))
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
