# The detection task of docs/studies/detection.md: an eighth of the detection demo's iterations, in two to three
# minutes of one CPU core. The model is still learning at the end, so that a difference in what it was
# trained on shows.
_base_ = '../demo/retinanet_r18_fpn_1xb4-12e_digits.py'

train_dataloader = dict(dataset=dict(indices=600))

max_epochs = 8
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
_base_.param_scheduler[1].update(end=max_epochs, T_max=max_epochs)
default_hooks = dict(checkpoint=dict(interval=max_epochs))
