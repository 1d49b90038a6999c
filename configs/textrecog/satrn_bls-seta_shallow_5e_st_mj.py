_base_ = 'mmocr::textrecog/satrn/satrn_shallow_5e_st_mj.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')))
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
