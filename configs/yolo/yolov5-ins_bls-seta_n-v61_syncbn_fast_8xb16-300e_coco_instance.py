_base_ = 'mmyolo::yolov5/ins_seg/yolov5_ins_n-v61_syncbn_fast_8xb16-300e_coco_instance.py'
train_dataloader = dict(
    sampler=dict(type='bls_mm.BLSSampler', pruner=dict(type='SeTa')),
    # MMEngine would pass the scope of the base config to the function.
    collate_fn=dict(_delete_=True, type='yolov5_collate'),
)
default_hooks = dict(bls=dict(type='bls_mm.BLSHook'))
