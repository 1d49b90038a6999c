# MMOCR trains its CRNN on MJ alone; here it trains on MJ and ST, as the rest of the suite.
_base_ = [
    'mmocr::textrecog/crnn/crnn_mini-vgg_5e_mj.py',
    'mmocr::textrecog/_base_/datasets/synthtext.py',
]
train_dataloader = dict(
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')),
    dataset=dict(datasets=[_base_.mjsynth_textrecog_train, _base_.synthtext_textrecog_train]),
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
