# 2,000 rendered characters. Records all losses for tools/analysis/score_signal.py and
# benchmarks/score_fidelity.py. Losses are unreduced, so that they can be replayed in batches of any size.
_base_ = 'resnet18-slim_20e_characters-4k.py'

model = dict(head=dict(loss=dict(type='CrossEntropyLoss', reduction='none')))
data_root = 'data/characters-20k'
train_dataloader = dict(dataset=dict(data_root=data_root, indices=2000))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
train_cfg = dict(val_interval=21)
custom_hooks = [dict(type='bls_mm.research.LossRecorder', num_measured=500)]
