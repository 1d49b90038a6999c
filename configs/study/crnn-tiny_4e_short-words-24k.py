# A task of docs/studies/text.md with many samples and few epochs: 24,000 rendered words. Made by
# python tools/data/make_words.py --out data/short_words-24k --train 24000 --longest 6
_base_ = 'crnn-tiny_8e_short-words-4k.py'

for name, dataset in zip(('printed', 'scene'), _base_.train_dataloader.dataset.datasets):
    dataset.update(data_root=f'data/short_words-24k/{name}', indices=12000)

max_epochs = 4
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
_base_.param_scheduler[1].update(end=max_epochs, T_max=max_epochs - 1)
default_hooks = dict(checkpoint=dict(interval=max_epochs))
