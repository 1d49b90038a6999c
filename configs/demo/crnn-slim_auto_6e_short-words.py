# The recommended setting. The head's CTC loss has a value for each word, so 'auto' scores by these.
_base_ = 'crnn-slim_6e_short-words.py'

train_dataloader = dict(
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='auto', target_savings=0.25))
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
