_base_ = ['./cifar_recipe.py', 'mmpretrain::_base_/datasets/cifar100_bs16.py']
model = dict(head=dict(num_classes=100))
train_dataloader = dict(batch_size=128, sampler=dict(type='bls_mm.BLSSampler'))
