# Real images: the 60,000 garments of Fashion-MNIST, from Debian's package. Made by
# python tools/data/make_fashion_mnist.py
_base_ = 'resnet18-slim_5e_characters-20k.py'

model = dict(head=dict(num_classes=10))
data_preprocessor = dict(mean=[73.0], std=[90.0], num_classes=10)

garments = dict(
    _delete_=True,
    type='FashionMNIST',
    data_root='data/fashion_mnist',
    data_prefix='',
    download=False,
    pipeline=[dict(type='PackInputs')],
)
train_dataloader = dict(batch_size=64, dataset=garments)
val_dataloader = dict(dataset=dict(**garments, test_mode=True))
test_dataloader = val_dataloader
