# The control of the comparison: every sample in every epoch, scores recorded all the same.
_base_ = '_base_/viecap_toca.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='NoPruning')))
