"""Registries of scorers, pruners and guards, and the way to build a component from its config."""

import inspect
from difflib import get_close_matches
from typing import Any, Iterable, List, Optional, Sequence, Union

from mmengine.registry import Registry

SCORERS = Registry('scorer', scope='bls_mm', locations=['bls_mm.scorers'])
PRUNERS = Registry('pruner', scope='bls_mm', locations=['bls_mm.pruners'])
GUARDS = Registry('guard', scope='bls_mm', locations=['bls_mm.planning'])
#: Names that an option accepts besides the registered ones.
SPECIAL_NAMES = {'pruner': ('auto',), 'scorer': ('auto',)}
MAX_QUOTED = 90  # characters of a config that an error message repeats


def build(
    registry: Registry,
    option: str,
    cfg: Union[dict, Any],
    base: type,
    also: Sequence[str] = (),
    written: Optional[dict] = None,
    **defaults,
) -> Any:
    """Builds a component from its config, or passes a built one through.

    The type is checked before it is called: no code runs that is not a subclass of ``base``.

    Args:
        registry (Registry): Where ``cfg['type']`` is looked up.
        option (str): Name of the option that the user wrote, for the error message.
        cfg (dict or object): Config with a ``type``, or an instance of ``base``.
        base (type): Class that the component must inherit.
        also (sequence[str]): Options that the caller handles itself, for the error message.
        written (dict, optional): What the user wrote, for the error message. Defaults to ``cfg``.
        **defaults: Arguments used if ``cfg`` does not give them.

    Returns:
        object: The component.

    Raises:
        TypeError: If ``cfg`` is neither a dict with a ``type`` nor an instance of ``base``, if the
            type is not a ``base``, or if it does not have an option.
        KeyError: If the type is unknown.
    """
    if isinstance(cfg, base):
        return cfg
    if not isinstance(cfg, dict) or 'type' not in cfg:
        name = closest_name(cfg, _names(registry)) if isinstance(cfg, str) else None
        example = as_written(option, dict(type=name or _names(registry)[0]))
        raise TypeError(
            f"{option} must be a dict with a 'type', or a {base.__name__}, but got {cfg!r}; "
            f'write for example {example}'
        )
    written = cfg if written is None else written
    kind = find_type(registry, option, cfg['type'], base, as_written(option, written))
    _check_options(kind, option, cfg, also, written)
    options = {name: value for name, value in cfg.items() if name not in ('type', '_scope_')}
    return kind(**{**defaults, **options})


def find_type(
    registry: Registry,
    option: str,
    kind: Union[str, type],
    base: type,
    written: str = '',
) -> type:
    """Returns the class that a config names.

    Args:
        registry (Registry): Where the name is looked up.
        option (str): Name of the option that the user wrote.
        kind (str or type): A registered name, the dotted path of a class, or a class.
        base (type): Class that it must inherit.
        written (str): What the user wrote, with the name in it. The error message repeats it with
            the right name, if there is a similar one. Defaults to the name alone.

    Raises:
        KeyError: If the name is unknown.
        TypeError: If it is not a subclass of ``base``.
    """
    found = kind
    if isinstance(kind, str):
        is_path = all(part.isidentifier() for part in kind.split('.'))
        # With its scope MMEngine does not search the registries of the model library, with a
        # warning. Of text that is no path it raises many kinds of errors.
        found = registry.get(kind) if is_path else None
        if found is None:
            raise _unknown(registry, option, kind, written or kind)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise TypeError(
            f'{option} {kind!r} is not a {base.__name__}; name a class that inherits it'
        )
    return found


def type_name(kind: Union[str, type]) -> str:
    """Returns the name of a type that a config has as a name, a dotted path, or a class."""
    return (kind if isinstance(kind, str) else kind.__name__).rsplit('.', 1)[-1]


def hook_configs(cfg: Any, name: str) -> List[dict]:
    """Returns the configs of the hooks of a type that a config of a run lists."""
    hooks = [*(cfg.get('default_hooks') or {}).values(), *(cfg.get('custom_hooks') or ())]
    configs = [hook for hook in hooks if isinstance(hook, dict)]
    return [hook for hook in configs if type_name(hook.get('type', '')) == name]


def without_classes(cfg: Any) -> Any:
    """Returns a config with dotted paths for classes, as a config file can have them."""
    if isinstance(cfg, dict):
        return {name: without_classes(value) for name, value in cfg.items()}
    if isinstance(cfg, (list, tuple)):
        return type(cfg)(map(without_classes, cfg))
    return f'{cfg.__module__}.{cfg.__qualname__}' if isinstance(cfg, type) else cfg


def closest_name(name: str, names: Iterable[str]) -> Optional[str]:
    """Returns the name that a misspelt one probably means, in any case; None if none is close."""
    by_lower = {known.lower(): known for known in names}
    found = get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def as_written(option: str, cfg: dict) -> str:
    """Returns a component as a user writes it, such as ``pruner=dict(type='SeTa')``."""
    options = [
        f'{name}={value!r}' for name, value in cfg.items() if name not in ('type', '_scope_')
    ]
    kind = f'type={cfg["type"]!r}'
    text = f'dict({", ".join([kind, *options])})'
    if len(text) > MAX_QUOTED:
        text = f'dict({kind}, ...)'
    return f'guards=[{text}]' if option == 'guard' else f'{option}={text}'


def _unknown(registry: Registry, option: str, kind: str, written: str) -> KeyError:
    module, _, name = kind.rpartition('.')
    if module and module != 'bls_mm':
        return KeyError(
            f'{option} {kind!r} cannot be imported; there must be a class {name} in a module '
            f'{module} that is on PYTHONPATH'
        )
    names = [*_names(registry), *SPECIAL_NAMES.get(option, ())]
    meant = closest_name(kind, names)
    advice = ', or the dotted path of your own class'
    if meant is not None:
        corrected = written.replace(kind, meant, 1)
        if meant in SPECIAL_NAMES.get(option, ()) and written.startswith(f'{option}='):
            corrected = f'{option}={meant!r}'  # a name, not a type
        advice = f'; did you mean {corrected}?'
    return KeyError(f'{option} {kind!r} is not known; choose one of {", ".join(names)}{advice}')


def _check_options(kind: type, option: str, cfg: dict, also: Sequence[str], written: dict) -> None:
    parameters = inspect.signature(kind).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    allowed = [parameter.name for parameter in parameters if parameter.name != 'num_samples']
    for name in cfg:
        if name not in (*allowed, 'type', '_scope_'):
            meant = closest_name(name, [*allowed, *also])
            renamed = {meant if key == name else key: value for key, value in written.items()}
            hint = f'; did you mean {as_written(option, renamed)}?' if meant else ''
            raise TypeError(
                f'{option} {kind.__name__} has no option {name!r}; its options are '
                f'{", ".join([*allowed, *also]) or "none"}{hint}'
            )


def _names(registry: Registry) -> list:
    registry.import_from_location()
    return sorted(registry.module_dict)
