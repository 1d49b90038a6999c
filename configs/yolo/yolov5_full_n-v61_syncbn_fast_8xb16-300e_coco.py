# The control of the comparison: every sample in every epoch, scores recorded all the same.
_base_ = 'mmyolo::yolov5/yolov5_n-v61_syncbn_fast_8xb16-300e_coco.py'
train_dataloader = dict(
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='NoPruning')),
    # MMEngine would pass the scope of the base config to the function.
    collate_fn=dict(_delete_=True, type='yolov5_collate'),
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
