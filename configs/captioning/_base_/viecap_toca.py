# 3 million captions of ToCa with their entities. In images the entities are looked for among VinVL's.
_base_ = ['viecap.py', 'caption_data.py']
train_dataloader = dict(dataset=dict(data_root='data/toca', ann_file='toca_with_entities.pickle'))
model = dict(
    entities=dict(
        vocabulary='data/vocabulary/vgcocooiobjects_v1_class2ind.json', top_k=3, threshold=0.2
    )
)
