"""Shrinks a config: small images and batches, narrow layers, fewer repeated parts."""

import importlib.util
from typing import Callable

BATCH_SIZE = 2  # so that a dozen samples have half a dozen scores

IN_PIXELS = {
    'border',
    'crop_size',
    'img_scale',
    'img_size',
    'random_size_range',
    'scale',
    'scales',
    'short_size',
    'size',
    'target_scale',
    'target_size',
}
# Numbers of repeated parts, and widths that no other number depends on.
AT_MOST = dict(
    d_inner=64,
    d_k=64,
    fc_out_channels=64,
    feedforward_channels=64,
    max_per_img=50,
    n_layers=1,
    nms_pre=100,
    num=64,
    num_dn_queries=10,
    num_queries=20,
    times=2,
)
# Widths that the next part depends on, so they are set one by one.
NARROW = dict(
    ResNet_CIFAR=dict(base_channels=8, stem_channels=8),
    ResNet31OCR=dict(layers=[1, 1, 1, 1], channels=[16, 16, 32, 32, 64, 512, 512]),
    ResNetABI=dict(arch_settings=[1] * 5),
    SwinTransformer=dict(
        arch=dict(embed_dims=24, depths=[1] * 4, num_heads=[1, 2, 4, 8]), window_size=2
    ),
    VisionTransformer=dict(
        arch=dict(embed_dims=48, num_layers=2, num_heads=2, feedforward_channels=96)
    ),
)
HEAD_IN_CHANNELS = dict(
    ResNet_CIFAR=lambda channels: channels // 8,
    SwinTransformer=lambda channels: 24 * 8,
    VisionTransformer=lambda channels: 48,
)


def shrink(cfg) -> None:
    """Makes a config train offline within seconds per epoch on a CPU; changed in place.

    Types of models, data, pipelines, batch samplers, optimizers and hooks do not change, nor does
    the schedule: the caller must stop the run.
    """
    shrink_model(cfg.model)
    shrink_loader(cfg.train_dataloader)
    for part in (cfg.model, cfg.train_dataloader, cfg.get('custom_hooks', [])):
        visit(part, small_images)
        visit(part, at_most)
        visit(part, without_missing_packages)
    for hook in cfg.get('custom_hooks', []):
        switch_after_first_epoch(hook, cfg.train_cfg.get('max_epochs'))
    cfg.load_from = None
    for split in ('val', 'test'):
        for part in ('dataloader', 'cfg', 'evaluator'):
            cfg[f'{split}_{part}'] = None
    # The hook stays, but does not write hundreds of megabytes.
    cfg.default_hooks.checkpoint.update(interval=-1, save_last=False)
    if cfg.optim_wrapper.get('type') == 'AmpOptimWrapper':  # needs a GPU
        cfg.optim_wrapper.type = 'OptimWrapper'
        cfg.optim_wrapper.pop('loss_scale', None)


def shrink_model(model: dict) -> None:
    """Starts from random weights, with fewer repeated parts and narrower layers."""
    visit(model, from_scratch)
    visit(model, without_synchronised_norms)
    if 'pretrained' in model:  # of MMSegmentation
        model.pretrained = None
    backbone = model.get('backbone', {})
    kind = backbone.get('type')
    narrow = NARROW.get(kind, {})
    if any(backbone.get(name) != value for name, value in narrow.items()):
        if kind in HEAD_IN_CHANNELS:
            model.head.in_channels = HEAD_IN_CHANNELS[kind](model.head.in_channels)
        backbone.update(narrow)
    if 'arch_channels' in backbone:
        *inner, last = backbone.arch_channels
        backbone.arch_channels = [channels // 8 for channels in inner] + [last]
        backbone.arch_layers = [1] * len(backbone.arch_layers)
    if kind in ('ResNet', 'mmdet.ResNet') and backbone.get('depth') == 50 and model.get('neck'):
        narrow_detector(model)
    if kind == 'ResNetV1c':
        narrow_segmenter(model)
    # Not the decoder: each of its layers has its own losses.
    if 'num_layers' in (model.get('encoder') or {}):
        model.encoder.num_layers = 1


def narrow_detector(model: dict) -> None:
    """Quarters the channels of a ResNet-50 and of a feature pyramid of 256 channels."""
    if isinstance(model.neck.get('in_channels'), list):
        model.backbone.update(base_channels=16, stem_channels=16)
        model.neck.in_channels = [channels // 4 for channels in model.neck.in_channels]
    if model.neck.type.endswith('FPN'):
        for part in (model.neck, *(model[name] for name in model if name.endswith('head'))):
            visit(part, quarter_channels)


def narrow_segmenter(model: dict) -> None:
    """Quarters the channels of a ResNet-50 with two heads of MMSegmentation."""
    model.backbone.update(base_channels=16, stem_channels=16)
    model.decode_head.update(in_channels=[64, 128, 256, 512], channels=32)
    model.auxiliary_head.update(in_channels=256, channels=32)


def shrink_loader(loader: dict) -> None:
    """Loads in the main process, so that the record sees the order of requests."""
    loader.batch_size = BATCH_SIZE
    if 'batch_size' in loader.sampler:
        loader.sampler.batch_size = BATCH_SIZE
    loader.num_workers = 0
    loader.persistent_workers = False
    loader.pin_memory = False


def visit(node, change: Callable[[dict], None]) -> None:
    """Applies a change to every dict of a config."""
    if isinstance(node, dict):
        change(node)
        node = node.values()
    elif not isinstance(node, (list, tuple)):
        return
    for child in list(node):
        visit(child, change)


def small_images(part: dict) -> None:
    for key in IN_PIXELS & part.keys():
        part[key] = _small(part[key])
    if part.get('type') == 'BatchATSSAssigner':
        part['topk'] = 1  # a small image has no more priors in its last level


def _small(size):
    if isinstance(size, (list, tuple)):
        return type(size)(_small(element) for element in size)
    if size == 224:
        return 64
    # Strides are up to 32, and some models need multiples of them.
    return round(size / 320) * 32 if abs(size) >= 300 else size


def quarter_channels(part: dict) -> None:
    for key in ('in_channels', 'out_channels', 'feat_channels', 'conv_out_channels'):
        if part.get(key) == 256:
            part[key] = 64


def at_most(part: dict) -> None:
    for key in AT_MOST.keys() & part.keys():
        part[key] = min(part[key], AT_MOST[key])


def switch_after_first_epoch(hook: dict, max_epochs: int) -> None:
    """Makes the hooks of YOLOX and RTMDet switch in the second epoch instead of the last ones."""
    if 'num_last_epochs' in hook:
        hook['num_last_epochs'] = max_epochs - 2
    if 'switch_epoch' in hook:
        hook['switch_epoch'] = 1


def from_scratch(part: dict) -> None:
    init = part.get('init_cfg')
    if isinstance(init, dict) and init.get('type') == 'Pretrained':
        part['init_cfg'] = None


def without_synchronised_norms(part: dict) -> None:
    if part.get('type') == 'SyncBN':  # needs a GPU
        part['type'] = 'BN'


def without_missing_packages(part: dict) -> None:
    """Removes augmentations of the optional package albumentations if it is not installed."""
    if importlib.util.find_spec('albumentations') is not None:
        return
    for name in ('transforms', 'pipeline', 'switch_pipeline'):
        if not part.get(name):
            continue
        part[name] = [
            transform
            for transform in part[name]
            if not (isinstance(transform, dict) and 'Albu' in transform['type'])
        ]
