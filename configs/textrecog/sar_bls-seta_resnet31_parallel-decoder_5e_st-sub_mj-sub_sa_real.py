# MMOCR's own mixture for SAR: real words twenty times (RepeatDataset) beside synthetic ones.
# Each repetition of a word has a score of its own.
_base_ = 'mmocr::textrecog/sar/sar_resnet31_parallel-decoder_5e_st-sub_mj-sub_sa_real.py'
train_dataloader = dict(sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')))
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
