# As many random samples as the recommended setting keeps, with the same compensation.
_base_ = 'crnn-slim_6e_short-words.py'

train_dataloader = dict(
    sampler=dict(
        type='bls_mm.BLSSampler',
        pruner=dict(type='DynamicRandom', target_savings=0.25, compensation='learning_rate'),
    )
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
