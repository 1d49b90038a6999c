# ViECap with the settings of its authors' script train_coco.sh, for one GPU.
_base_ = 'mmpretrain::_base_/default_runtime.py'
custom_imports = dict(imports=['bls_mm.captioning'])

model = dict(
    type='ViECap',
    clip='openai/clip-vit-base-patch32',  # names, or folders that `save_pretrained` wrote
    language_model='gpt2',
    noise_variance=0.016,
    mapping=dict(clip_length=10, prompt_length=10, num_layers=8, num_heads=8),
    data_preprocessor=dict(  # of the images of a test
        mean=[122.7709383, 116.7460125, 104.09373615],
        std=[68.5005327, 66.6321579, 70.32316305],
        to_rgb=True,
    ),
)
# InfoBatch and SeTa on true sample losses need one loss for each caption. Their mean is the same loss.
sample_losses = dict(reduction='none')

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=2e-5, eps=1e-6, weight_decay=0.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=2e-4, by_epoch=False, end=5000),
    dict(type='LinearLR', start_factor=1.0, end_factor=0.0, end=15, convert_to_iter_based=True),
]
train_cfg = dict(by_epoch=True, max_epochs=15, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=80)
default_hooks = dict(
    checkpoint=dict(max_keep_ckpts=1, save_best='caption/cider', rule='greater'),
    bls=dict(type='bls_mm.BLSHook'),
)
