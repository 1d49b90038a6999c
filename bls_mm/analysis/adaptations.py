"""Lists which settings of a config BLS adapts, and which it leaves unchanged."""

from typing import Iterator, List

from mmengine.config import Config

from bls_mm.registry import type_name

MIXING = ('Mosaic', 'CachedMosaic', 'MixUp', 'CachedMixUp', 'YOLOXMixUp', 'CopyPaste')


def adaptations(cfg: Config) -> Iterator[str]:
    """Yields one sentence for each setting that BLS adapts or that limits it.

    Args:
        cfg (Config): The config.
    """
    by_iteration = [s for s in _as_list(cfg.get('param_scheduler')) if _steps_by_iteration(s)]
    hooks = [kind for kind in _hook_types(cfg) if kind.endswith('ParamSchedulerHook')]
    hooks = [kind for kind in hooks if kind != 'ParamSchedulerHook']  # other than MMEngine's
    if hooks:
        yield f'schedule: {hooks[0]} sets the learning rate; BLS shows it epochs on all samples'
    elif by_iteration:
        names = ', '.join(type_name(scheduler['type']) for scheduler in by_iteration)
        yield f'schedule: {names} by iteration; BLS spreads all steps over the shorter epochs'
    else:
        yield 'schedule: no scheduler steps by iteration; unchanged'
    counts = (cfg.get('optim_wrapper') or {}).get('accumulative_counts', 1)
    if counts > 1:
        yield f'accumulation: {counts} iterations; BLS moves the last step to the end of the run'
    batch_sampler = cfg.train_dataloader.get('batch_sampler')
    if batch_sampler:
        yield f'batch sampler: {type_name(batch_sampler["type"])} is kept; BLS records its batches'
    if not cfg.train_cfg.get('max_epochs'):
        yield 'loop: counts iterations; BLS plans epochs, and the run ends with its schedule'
    mixing = sorted({name for name in _types(cfg.train_dataloader.dataset) if name in MIXING})
    if mixing:
        yield f'attribution: approximate, because of {", ".join(mixing)}, which mix several images'


def _as_list(value) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value] if value else []


def _steps_by_iteration(scheduler: dict) -> bool:
    return not scheduler.get('by_epoch', True) or bool(scheduler.get('convert_to_iter_based'))


def _hook_types(cfg: Config) -> List[str]:
    hooks = [*(cfg.get('default_hooks') or {}).values(), *_as_list(cfg.get('custom_hooks'))]
    return [type_name(hook['type']) for hook in hooks if hook]


def _types(cfg) -> Iterator[str]:
    """Yields the type names in a nested config."""
    if isinstance(cfg, dict):
        if 'type' in cfg:
            yield type_name(cfg['type'])
        cfg = list(cfg.values())
    if isinstance(cfg, (list, tuple)):
        for part in cfg:
            yield from _types(part)
