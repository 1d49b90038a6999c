_base_ = ['../../_base_/resnet50_cifar100.py', '../../_base_/cifar_pruning.py']
train_dataloader = dict(sampler=_base_.pruning.static_random.p50)
