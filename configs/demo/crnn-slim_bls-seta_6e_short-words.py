_base_ = 'crnn-slim_6e_short-words.py'

train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')))
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
