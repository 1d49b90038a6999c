# The task of docs/studies/text.md with the most samples: 100,000 rendered words, each seen three times at most. Made by
# python tools/data/make_words.py --out data/short_words-100k --train 100000 --longest 6
_base_ = 'crnn-tiny_8e_short-words-4k.py'

for name, dataset in zip(('printed', 'scene'), _base_.train_dataloader.dataset.datasets):
    dataset.update(data_root=f'data/short_words-100k/{name}', indices=50000)

max_epochs = 3
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
_base_.param_scheduler[1].update(end=max_epochs, T_max=max_epochs - 1)
default_hooks = dict(checkpoint=dict(interval=max_epochs))
