# A task of docs/studies/classification.md on which the hardest samples are the wrong ones: a tenth of the 20,000 training labels
# are. Made by
# python tools/data/make_characters.py --out data/characters-20k-wrong --train 20000 --wrong 0.1
_base_ = 'resnet18-slim_5e_characters-20k.py'

data_root = 'data/characters-20k-wrong'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
