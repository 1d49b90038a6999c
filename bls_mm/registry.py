"""Registries of scorers, pruners and guards, and the way to build a component from its config."""

import inspect
from typing import Any, Sequence, Union

from mmengine.registry import Registry

SCORERS = Registry('scorer', scope='bls_mm', locations=['bls_mm.scorers'])
PRUNERS = Registry('pruner', scope='bls_mm', locations=['bls_mm.pruners'])
GUARDS = Registry('guard', scope='bls_mm', locations=['bls_mm.planning'])


def build(
    registry: Registry,
    option: str,
    cfg: Union[dict, Any],
    base: type,
    also: Sequence[str] = (),
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
        raise TypeError(
            f"{option} must be a dict with a 'type', or a {base.__name__}, but got {cfg!r}; "
            f"write for example {option}=dict(type='{_names(registry)[0]}')"
        )
    kind = find_type(registry, option, cfg['type'], base)
    _check_options(kind, option, cfg, also)
    options = {name: value for name, value in cfg.items() if name not in ('type', '_scope_')}
    return kind(**{**defaults, **options})


def find_type(registry: Registry, option: str, kind: Union[str, type], base: type) -> type:
    """Returns the class that a config names.

    Args:
        registry (Registry): Where the name is looked up.
        option (str): Name of the option that the user wrote.
        kind (str or type): A registered name, the dotted path of a class, or a class.
        base (type): Class that it must inherit.

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
            raise _unknown(registry, option, kind)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise TypeError(
            f'{option} {kind!r} is not a {base.__name__}; name a class that inherits it'
        )
    return found


def _unknown(registry: Registry, option: str, kind: str) -> KeyError:
    module, _, name = kind.rpartition('.')
    if module and module != 'bls_mm':
        return KeyError(
            f'{option} {kind!r} cannot be imported; there must be a class {name} in a module '
            f'{module} that is on PYTHONPATH'
        )
    return KeyError(
        f'{option} {kind!r} is not known; choose one of {", ".join(_names(registry))}, '
        'or the dotted path of your own class'
    )


def _check_options(kind: type, option: str, cfg: dict, also: Sequence[str]) -> None:
    parameters = inspect.signature(kind).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    allowed = [parameter.name for parameter in parameters if parameter.name != 'num_samples']
    for name in cfg:
        if name not in (*allowed, 'type', '_scope_'):
            raise TypeError(
                f'{option} {kind.__name__} has no option {name!r}; its options are '
                f'{", ".join([*allowed, *also]) or "none"}'
            )


def _names(registry: Registry) -> list:
    registry.import_from_location()
    return sorted(registry.module_dict)
