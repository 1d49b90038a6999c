"""Load configs by name, and add BLS to a config without it."""

import copy
import importlib.util
import logging
from pathlib import Path
from typing import List, Optional, Union

from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.logging import print_log

from .compat import drop_scope_of_collate_functions, import_library
from .planning import is_auto
from .pruners import Pruner
from .registry import (
    PRUNERS,
    SCORERS,
    closest_name,
    find_type,
    hook_configs,
    type_name,
    without_classes,
)
from .samplers import AUTO
from .scorers import Scorer

# Options that are kept if the old sampler has them.
KEPT = (
    *('shuffle', 'round_up', 'seed', 'scorer', 'placement', 'layout', 'run_length'),
    *(
        'max_epochs',
        'num_repeats',
        'fill_last_batch',
        'batch_size',
        'source_ratio',
        'group_by_orientation',
    ),
)
MULTI_SOURCE = dict(type='bls_mm.MultiSourceBLSSampler')
#: Samplers that BLSSampler can replace, and the options that it then needs.
REPLACED = {
    'DefaultSampler': {},
    'InfiniteSampler': dict(fill_last_batch=True),
    'RepeatAugSampler': dict(num_repeats=3),
    'BLSSampler': {},
    'MultiSourceSampler': MULTI_SOURCE,
    'GroupMultiSourceSampler': dict(**MULTI_SOURCE, group_by_orientation=True),
    'MultiSourceBLSSampler': MULTI_SOURCE,
}


def load_config(name: str) -> Config:
    """Reads a config file, or a config of an installed package.

    Args:
        name (str): A path, or the name of a package and a path in its configs, such as
            ``'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py'``.

    Returns:
        Config: The config.

    Raises:
        FileNotFoundError: If there is no such config.
        ModuleNotFoundError: If the package is not installed.
    """
    cfg = _read(name)
    drop_scope_of_collate_functions(cfg)
    return cfg


def _read(name: str) -> Config:
    package, is_named, path = name.partition('::')
    if not is_named:
        if not Path(name).is_file():
            raise FileNotFoundError(
                f'there is no config file {name!r}; name a file, or a config of a package, such '
                "as 'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py'"
            )
        return Config.fromfile(name)
    if package == 'bls_mm':
        return Config.fromfile(_own_config(path))
    if importlib.util.find_spec(package) is None:  # MMEngine would run pip
        raise ModuleNotFoundError(
            f'the config {name!r} belongs to {package!r}, which is not installed; install it, or '
            'correct the part before ::'
        )
    import_library(package)
    try:
        return get_config(name)
    except FileNotFoundError as error:
        if path not in str(error):  # it is there, but something that it needs is not
            raise
        similar = closest_name(path, _configs_of(package))
        advice = (
            f'did you mean {package}::{similar}?' if similar else "name one of its folder 'configs'"
        )
        raise FileNotFoundError(f'{package} has no config {path!r}; {advice}') from error


def _configs_of(package: str) -> List[str]:
    """Returns the paths of the configs that an installed package carries."""
    root = Path(importlib.util.find_spec(package).origin).parent / '.mim' / 'configs'
    return [path.relative_to(root).as_posix() for path in root.glob('*/*.py')]


def _own_config(path: str) -> str:
    """Returns the file of a config of ours: in the installed package, or beside it in a clone."""
    package = Path(__file__).parent
    for folder in (package / '.mim' / 'configs', package.parent / 'configs'):
        if (folder / path).is_file():
            return str(folder / path)
    raise FileNotFoundError(
        f"bls_mm has no config {path!r}; name one of its folder 'configs', such as "
        "'bls_mm::detection/retinanet_bls-seta_r50_fpn_1x_coco.py'"
    )


def attach_bls(
    cfg: Config, pruner: Union[str, dict], scorer: Union[str, dict, None] = None
) -> Config:
    """Returns a config that trains with BLS: the two lines that a user would write.

    The options of the pruner and the scorer are then at ``train_dataloader.sampler.pruner`` and
    ``train_dataloader.sampler.scorer``. If the run counts iterations, the inner data set of a
    ``RepeatDataset`` takes its place: a sample is then an image, not a repetition of it.

    Args:
        cfg (Config): Any config of an MMEngine runner; it stays as it is.
        pruner (str or dict): Type of the pruner, such as ``'SeTa'``; or ``'auto'``; or its config.
        scorer (str or dict, optional): Type of the scorer, or ``'auto'``, or its config. Defaults
            to None, the sampler's own default.

    Returns:
        Config: A copy with a ``BLSSampler`` and a ``BLSHook``.

    Raises:
        KeyError, TypeError: If there is no such pruner or scorer, or a dict has no type.
        ValueError: If the config has no training loader, or its sampler is not in ``REPLACED``.
    """
    pruner, scorer = _as_dict('pruner', pruner), _as_dict('scorer', scorer)
    scorer = dict(AUTO) if scorer == dict(type='auto') else scorer
    if not is_auto(pruner):
        find_type(PRUNERS, 'pruner', pruner['type'], Pruner)
    if scorer is not None:
        find_type(SCORERS, 'scorer', scorer['type'], Scorer)
    cfg = copy.deepcopy(cfg)
    if not cfg.get('train_dataloader'):
        raise ValueError('the config has no train_dataloader to prune; use a config that trains')
    old = cfg.train_dataloader.get('sampler') or {}
    name = type_name(old.get('type', 'DefaultSampler'))
    if name not in REPLACED:
        raise ValueError(
            f'the config trains with {name}, and a BLSSampler would not choose samples as it does; '
            'if that is what you want, write into the config: train_dataloader=dict(sampler=dict('
            "_delete_=True, type='bls_mm.BLSSampler', pruner=...)) and default_hooks=dict(bls=dict("
            "type='bls_mm.BLSHook'))"
        )
    sampler = {'type': 'bls_mm.BLSSampler', 'pruner': pruner, **REPLACED[name]}
    sampler.update((key, old[key]) for key in KEPT if key in old)
    if scorer is not None:
        sampler['scorer'] = scorer
    cfg.train_dataloader.sampler = sampler
    _leave_out_repetitions(cfg)
    if not hook_configs(cfg, 'BLSHook'):
        cfg.default_hooks = {
            'bls': dict(type='bls_mm.BLSHook'),
            **(cfg.get('default_hooks') or {}),
        }
    return cfg


def _leave_out_repetitions(cfg: Config) -> None:
    """Replaces a ``RepeatDataset`` by its data set, which a loop of iterations repeats anyway."""
    dataset = cfg.train_dataloader.get('dataset')
    if not isinstance(dataset, dict) or 'max_iters' not in (cfg.get('train_cfg') or {}):
        return
    if type_name(dataset.get('type', '')) == 'RepeatDataset':
        cfg.train_dataloader.dataset = dataset.dataset
        print_log(
            f'BLS: the run trains on the data set inside RepeatDataset(times={dataset.times}), so '
            'that a sample is an image; it trains for as many iterations as before',
            logger='current',
            level=logging.WARNING,
        )


def _as_dict(option: str, component: Union[str, dict, None]) -> Optional[dict]:
    component = dict(type=component) if isinstance(component, str) else without_classes(component)
    if component is not None and 'type' not in component:
        raise TypeError(f"{option} must be a name or a dict with a 'type', but got {component!r}")
    return component
