_base_ = ['./cifar_recipe.py', 'mmpretrain::_base_/datasets/cifar10_bs16.py']
train_dataloader = dict(batch_size=128, sampler=dict(type='bls_mm.BLSSampler'))
