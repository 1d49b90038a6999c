# Real images in more epochs: 20,000 garments of Fashion-MNIST, from Debian's package. Made by
# python tools/data/make_fashion_mnist.py --out data/fashion_mnist-20k --train 20000
_base_ = 'resnet18-slim_15e_fashion-mnist.py'

data_root = 'data/fashion_mnist-20k'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
