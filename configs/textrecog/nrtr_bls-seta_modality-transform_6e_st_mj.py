_base_ = 'mmocr::textrecog/nrtr/nrtr_modality-transform_6e_st_mj.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')))
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
