# The task of docs/studies/text.md: half of the demo's words, half as high, and a smaller model, in one to two
# minutes of one CPU core. The model is still learning at the end, so that a difference in what it was
# trained on shows.
_base_ = '../demo/crnn-slim_6e_short-words.py'

model = dict(
    backbone=dict(
        arch_layers=[1, 1, 1],
        arch_channels=[24, 48, 96],
        # From 16 x 56 pixels to 1 x 14 steps of time.
        strides=[(2, 2), (2, 2), (4, 1)],
    ),
    decoder=dict(in_channels=96),
)

for pipeline in (_base_.train_pipeline, _base_.test_pipeline):
    for transform in pipeline:
        if transform['type'] == 'RescaleToHeight':
            transform.update(height=16, min_width=16, max_width=56)
        elif transform['type'] == 'PadToWidth':
            transform.update(width=56)
for dataset in _base_.train_dataloader.dataset.datasets:
    dataset.update(indices=2000)
_base_.train_dataloader.dataset.pipeline = _base_.train_pipeline
_base_.test_dataloader.dataset.pipeline = _base_.test_pipeline
_base_.val_dataloader.dataset.pipeline = _base_.test_pipeline

max_epochs = 8
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
_base_.param_scheduler[1].update(end=max_epochs, T_max=max_epochs - 1)
default_hooks = dict(checkpoint=dict(interval=max_epochs))
