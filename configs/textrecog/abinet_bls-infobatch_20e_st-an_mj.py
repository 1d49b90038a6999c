_base_ = 'mmocr::textrecog/abinet/abinet_20e_st-an_mj.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='InfoBatch')))
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
