# Captions to train on, and the Karpathy split of COCO to validate and test on, as MMPretrain keeps it.
train_dataloader = dict(
    batch_size=80,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    dataset=dict(
        type='CaptionTexts',
        nouns='data/vocabulary/visual_genome_objects.json',
        pipeline=[
            dict(type='MaskEntities', prob=0.4),
            dict(type='PackInputs', algorithm_keys=['gt_caption', 'entities']),
        ],
    ),
)

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=224, edge='short', backend='pillow', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs', algorithm_keys=['gt_caption'], meta_keys=['image_id']),
]
coco = dict(type='COCOCaption', data_root='data/coco', pipeline=test_pipeline)
image_loader = dict(
    batch_size=32,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
)
val_dataloader = dict(
    **image_loader,
    persistent_workers=True,
    dataset=dict(**coco, ann_file='annotations/coco_karpathy_val.json'),
)
val_evaluator = dict(type='CaptionScores')
test_dataloader = dict(
    **image_loader, dataset=dict(**coco, ann_file='annotations/coco_karpathy_test.json')
)
# BLEU, METEOR, CIDEr and SPICE with the published tokeniser: needs Java, and SPICE downloads its models.
test_evaluator = dict(
    type='COCOCaption', ann_file='data/coco/annotations/coco_karpathy_test_gt.json'
)
