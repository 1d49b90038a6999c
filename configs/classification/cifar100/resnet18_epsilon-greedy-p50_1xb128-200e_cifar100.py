_base_ = ['../../_base_/resnet18_cifar100.py', '../../_base_/cifar_pruning.py']
train_dataloader = dict(sampler=_base_.pruning.epsilon_greedy.p50)
model = _base_.sample_losses
