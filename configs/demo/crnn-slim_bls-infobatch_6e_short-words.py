_base_ = 'crnn-slim_6e_short-words.py'

train_dataloader = dict(
    sampler=dict(
        type='bls_mm.BLSSampler',
        scorer=dict(type='ResidualScorer'),
        pruner=dict(type='InfoBatch', prune_ratio=0.47),
    )
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
