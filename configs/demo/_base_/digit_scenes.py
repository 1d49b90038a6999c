# Handwritten digits in scenes, made by `python tools/data/make_digit_scenes.py`, in COCO's format.
# No flips: a mirrored digit is another sign. Images are 128 pixels long, so resizing changes nothing.
digit_scenes_data_root = 'data/digit_scenes'
digit_scenes_metainfo = dict(classes=tuple('0123456789'))

digit_scenes_train = dict(
    data_root=digit_scenes_data_root,
    ann_file='annotations/train.json',
    data_prefix=dict(img='train/'),
    metainfo=digit_scenes_metainfo,
    filter_cfg=dict(filter_empty_gt=False),
    pipeline=[
        dict(type='mmcv.LoadImageFromFile'),
        dict(type='mmdet.LoadAnnotations', with_bbox=True),
        dict(type='mmdet.Resize', scale=(128, 128), keep_ratio=True),
        dict(type='mmdet.PackDetInputs'),
    ],
)
digit_scenes_val = dict(
    data_root=digit_scenes_data_root,
    ann_file='annotations/val.json',
    data_prefix=dict(img='val/'),
    metainfo=digit_scenes_metainfo,
    pipeline=[
        dict(type='mmcv.LoadImageFromFile'),
        dict(type='mmdet.Resize', scale=(128, 128), keep_ratio=True),
        dict(type='mmdet.LoadAnnotations', with_bbox=True),
        dict(
            type='mmdet.PackDetInputs',
            meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'),
        ),
    ],
)
