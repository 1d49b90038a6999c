_base_ = 'mmocr::textrecog/svtr/svtr-tiny_20e_st_mj.py'
train_dataloader = dict(
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')),
    # A pruned epoch may end with one sample, and STN's batch norm needs two.
    drop_last=True,
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
