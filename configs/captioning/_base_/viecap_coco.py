# 566,747 captions of the Karpathy split of COCO. In images the entities are looked for among COCO's.
_base_ = ['viecap.py', 'caption_data.py']
train_dataloader = dict(
    dataset=dict(data_root='data/coco', ann_file='annotations/coco_karpathy_train.json')
)
model = dict(
    entities=dict(vocabulary='data/vocabulary/coco_categories.json', top_k=3, threshold=0.4)
)
