# A task of docs/studies/text.md: 50,000 English words in hundreds of fonts, as in MJSynth. Made by
# python tools/data/make_words.py --out data/lexicon_words-50k --train 50000 --longest 7 --lexicon debian --fonts debian
_base_ = 'crnn-tiny_8e_short-words-4k.py'

# Seven letters need 16 x 64 pixels, and 1 x 16 steps of time.
for pipeline in (_base_.train_pipeline, _base_.test_pipeline):
    for transform in pipeline:
        if transform['type'] == 'RescaleToHeight':
            transform.update(max_width=64)
        elif transform['type'] == 'PadToWidth':
            transform.update(width=64)
_base_.train_dataloader.dataset.pipeline = _base_.train_pipeline
for dataloader in (_base_.test_dataloader, _base_.val_dataloader):
    dataloader.dataset.pipeline = _base_.test_pipeline
    for name, dataset in zip(('printed', 'scene'), dataloader.dataset.datasets):
        dataset.update(data_root=f'data/lexicon_words-50k/{name}')
for name, dataset in zip(('printed', 'scene'), _base_.train_dataloader.dataset.datasets):
    dataset.update(data_root=f'data/lexicon_words-50k/{name}', indices=25000)

max_epochs = 4
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
_base_.param_scheduler[1].update(end=max_epochs, T_max=max_epochs - 1)
default_hooks = dict(checkpoint=dict(interval=max_epochs))
