"""Old names of options and types. They keep working for one release, with a warning."""

import warnings
from typing import Any, Dict, Mapping

RENAMED_OPTIONS = {'BLSSampler': {'layout': 'placement'}, 'MinFraction': {'share': 'fraction'}}
REMOVED_OPTIONS = {
    'BLSHook': {
        'unbiased_weights': (False, 'gradients got noisier from 8 samples per GPU on'),
    }
}
RENAMED_TYPES = {'MinShare': 'MinFraction'}
SCOPE = 'bls_mm.'  # a config may name a type with or without it


def rename_options(kind: str, options: Mapping[str, Any]) -> Dict[str, Any]:
    """Returns options with their present names.

    Args:
        kind (str): Name of the class that the options are for.
        options (Mapping): Options as a config gives them.
    """
    names = RENAMED_OPTIONS.get(kind, {})
    for old in names.keys() & options.keys():
        _warn(f'{kind}({old}=...) is now called {names[old]}', f'write {names[old]}=...')
    return {names.get(name, name): value for name, value in options.items()}


def rename_only(kind: str, options: Mapping[str, Any]) -> Dict[str, Any]:
    """Returns options that a sampler accepts by their old names only.

    Args:
        kind (str): Name of the class.
        options (Mapping): Options that the class has no parameter for.

    Raises:
        TypeError: If one of them is not an old name.
    """
    for name in options:
        if name not in RENAMED_OPTIONS.get(kind, {}):
            raise TypeError(
                f'{kind} has no option {name!r}; if it is left over from the sampler of a base '
                "config, write sampler=dict(_delete_=True, type='bls_mm.BLSSampler', ...)"
            )
    return rename_options(kind, options)


def modernise_guard(cfg: Any) -> Any:
    """Returns the config of a guard with present names; anything else as it is."""
    if not isinstance(cfg, dict):
        return cfg
    kind = cfg.get('type')
    kind = kind[len(SCOPE) :] if isinstance(kind, str) and kind.startswith(SCOPE) else kind
    if kind in RENAMED_TYPES:
        _warn(f'the guard {kind} is now called {RENAMED_TYPES[kind]}', 'use the new name')
        kind = RENAMED_TYPES[kind]
    return {**rename_options(kind, cfg), 'type': kind} if 'type' in cfg else cfg


def modernise_pruner(cfg: dict) -> dict:
    """Returns the config of a pruner with present names."""
    cfg = dict(cfg)
    if isinstance(cfg.get('guards'), (list, tuple)):
        cfg['guards'] = [modernise_guard(guard) for guard in cfg['guards']]
    if 'placebo' in cfg:
        _warn(
            'placebo is no longer an option of every pruner',
            "wrap the pruner: dict(type='bls_mm.research.ShuffledScores', pruner=dict(...))",
        )
        if cfg.pop('placebo'):
            planner = {name: cfg.pop(name) for name in _PLANNER_OPTIONS if name in cfg}
            cfg = dict(type='bls_mm.research.ShuffledScores', pruner=cfg, **planner)
    return cfg


def drop_options(kind: str, options: Mapping[str, Any]) -> None:
    """Accepts removed options whose value is what is always done now.

    Args:
        kind (str): Name of the class.
        options (Mapping): Options that the class has no parameter for.

    Raises:
        TypeError: If one of them was never an option, or asks for what was removed.
    """
    for name, value in options.items():
        if name not in REMOVED_OPTIONS.get(kind, {}):
            raise TypeError(f'{kind} has no option {name!r}')
        default, reason = REMOVED_OPTIONS[kind][name]
        if value is not default:
            raise TypeError(f'{kind}({name}={value!r}) was removed: {reason}; leave it out')
        _warn(f'{kind}({name}=...) was removed: {reason}', 'leave it out')


# Those of version 0.1, whose configs have `placebo`.
_PLANNER_OPTIONS = ('delta', 'interval', 'target_savings', 'guards')


def _warn(what: str, advice: str) -> None:
    warnings.warn(f'{what}; {advice}', FutureWarning, stacklevel=3)
