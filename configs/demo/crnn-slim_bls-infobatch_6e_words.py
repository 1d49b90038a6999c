_base_ = 'crnn-slim_6e_words.py'

train_dataloader = dict(
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='InfoBatch', prune_ratio=0.52))
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
