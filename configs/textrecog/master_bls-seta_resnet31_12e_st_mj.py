# MMOCR adds SynthAdd to the training set of MASTER; here it is MJ and ST, as the rest of the suite.
_base_ = 'mmocr::textrecog/master/master_resnet31_12e_st_mj_sa.py'
train_dataloader = dict(
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')),
    dataset=dict(datasets=[_base_.mjsynth_textrecog_train, _base_.synthtext_textrecog_train]),
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
