_base_ = 'mmyolo::yolov8/yolov8_n_syncbn_fast_8xb16-500e_coco.py'
train_dataloader = dict(
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')),
    # MMEngine would pass the scope of the base config to the function.
    collate_fn=dict(_delete_=True, type='yolov5_collate'),
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
