_base_ = '_base_/viecap_coco.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='InfoBatch')))
