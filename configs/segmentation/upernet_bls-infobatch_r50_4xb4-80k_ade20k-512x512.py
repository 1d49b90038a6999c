_base_ = 'mmseg::upernet/upernet_r50_4xb4-80k_ade20k-512x512.py'
train_dataloader = dict(
    # Full batches only, as those of the InfiniteSampler that it replaces.
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='InfoBatch'), fill_last_batch=True)
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
