_base_ = 'mmyolo::ppyoloe/ppyoloe_s_fast_8xb32-300e_coco.py'
train_dataloader = dict(
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')),
    # MMEngine would pass the scope of the base config to the function.
    collate_fn=dict(_delete_=True, type='yolov5_collate', use_ms_training=True),
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
