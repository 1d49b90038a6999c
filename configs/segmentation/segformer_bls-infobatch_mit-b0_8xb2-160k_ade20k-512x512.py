_base_ = 'mmseg::segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py'
train_dataloader = dict(
    # Full batches only, as those of the InfiniteSampler that it replaces.
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='InfoBatch'), fill_last_batch=True)
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
