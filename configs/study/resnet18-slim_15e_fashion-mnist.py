# Real images in more epochs. Made by
# python tools/data/make_fashion_mnist.py
_base_ = 'resnet18-slim_5e_fashion-mnist.py'

max_epochs = 15
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = dict(total_steps=max_epochs)
default_hooks = dict(checkpoint=dict(interval=max_epochs))
