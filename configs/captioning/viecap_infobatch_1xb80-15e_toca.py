# InfoBatch as published: by the loss of each caption.
_base_ = '_base_/viecap_toca.py'
model = _base_.sample_losses
train_dataloader = dict(
    sampler=dict(
        type='bls_mm.BLSSampler',
        scorer=dict(type='SampleLossScorer'),
        pruner=dict(type='InfoBatch'),
    )
)
