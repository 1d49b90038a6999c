# MMOCR trains RobustScanner on parts of MJ and ST and on real words; here it is MJ and ST, whole.
_base_ = 'mmocr::textrecog/robust_scanner/robustscanner_resnet31_5e_st-sub_mj-sub_sa_real.py'
train_dataloader = dict(
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')),
    dataset=dict(
        _delete_=True,
        type='mmocr.ConcatDataset',
        datasets=[_base_.mjsynth_textrecog_train, _base_.synthtext_textrecog_train],
        pipeline=_base_.train_pipeline,
    ),
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
