_base_ = 'mmocr::textdet/dbnetpp/dbnetpp_resnet50_fpnc_1200e_icdar2015.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')))
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
