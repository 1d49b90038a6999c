# A task of docs/studies/classification.md with many samples and few epochs: 20,000 rendered characters. Made by
# python tools/data/make_characters.py --out data/characters-20k --train 20000
_base_ = 'resnet18-slim_20e_characters-4k.py'

data_root = 'data/characters-20k'
train_dataloader = dict(dataset=dict(data_root=data_root, indices=20000))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader

max_epochs = 5
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = dict(total_steps=max_epochs)
default_hooks = dict(checkpoint=dict(interval=max_epochs))
