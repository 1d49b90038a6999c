# Scenes of real garments in COCO format: 4,000 images, a slim RetinaNet from scratch. Made by
# python tools/data/make_garment_scenes.py
# To fine-tune: train on scenes of --seed 1, then --cfg-options load_from=<checkpoint> optim_wrapper.optimizer.lr=5e-4
_base_ = 'retinanet-slim_1xb4-8e_digits-4k.py'

data_root = 'data/garment_scenes'
metainfo = dict(
    classes=(
        'T-shirt',
        'trouser',
        'pullover',
        'dress',
        'coat',
        'sandal',
        'shirt',
        'sneaker',
        'bag',
        'boot',
    )
)
# Garments are up to 64 pixels long, in either direction.
model = dict(bbox_head=dict(anchor_generator=dict(octave_base_scale=2.5, ratios=[0.6, 1.2, 2.0])))
train_dataloader = dict(dataset=dict(data_root=data_root, metainfo=metainfo))
val_dataloader = dict(dataset=dict(data_root=data_root, metainfo=metainfo))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=f'{data_root}/annotations/val.json')
test_evaluator = val_evaluator
