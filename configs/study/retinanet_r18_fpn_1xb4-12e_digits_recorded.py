# The detection demo on a quarter of its scenes. Records all losses for tools/analysis/score_signal.py.
_base_ = '../demo/retinanet_r18_fpn_1xb4-12e_digits.py'

train_dataloader = dict(
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='NoPruning')),
    dataset=dict(indices=400),
)
train_cfg = dict(val_interval=13)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
custom_hooks = [dict(type='bls_mm.research.LossRecorder', num_measured=200)]
