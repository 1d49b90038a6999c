_base_ = ['../../_base_/resnet50_cifar10.py', '../../_base_/cifar_pruning.py']
train_dataloader = dict(sampler=_base_.pruning.seta.p70)
model = _base_.sample_losses
