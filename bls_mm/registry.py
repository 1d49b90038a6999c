"""Registries of what bls_mm adds to OpenMMLab's own: scorers, pruners and guards."""

import inspect
from typing import Any, Union

from mmengine.registry import Registry

SCORERS = Registry('scorer', scope='bls_mm', locations=['bls_mm.scorers'])
PRUNERS = Registry('pruner', scope='bls_mm', locations=['bls_mm.pruners'])
GUARDS = Registry('guard', scope='bls_mm', locations=['bls_mm.pruners'])


def build(registry: Registry, option: str, cfg: Union[dict, Any], base: type, **defaults) -> Any:
    """Builds a component from its config, or passes a built one through.

    Args:
        registry (Registry): Where ``cfg['type']`` is looked up.
        option (str): Name of the option that the user wrote, for the error sentence.
        cfg (dict or object): Config with a ``type``, or an instance of ``base``.
        base (type): Class that the component must be an instance of.
        **defaults: Arguments used where ``cfg`` does not give them.

    Returns:
        object: The component.

    Raises:
        TypeError: If ``cfg`` is neither a dict with a ``type`` nor an instance of ``base``, or has
            an option that the type does not know.
        KeyError: If the type is unknown.
    """
    if isinstance(cfg, base):
        return cfg
    if not isinstance(cfg, dict) or 'type' not in cfg:
        raise TypeError(
            f"{option} must be a dict with a 'type', or a {base.__name__}, but got {cfg!r}; "
            f"write for example {option}=dict(type='{_names(registry)[0]}')"
        )
    kind = cfg['type']
    check_known(registry, option, kind)
    _check_options(registry, option, cfg)
    # The scope keeps MMEngine from looking in the model library's registries, with a warning.
    component = registry.build({**cfg, '_scope_': 'bls_mm'}, default_args=defaults)
    if not isinstance(component, base):
        raise TypeError(f'{option} {kind!r} is no {base.__name__}; name a class that inherits it')
    return component


def check_known(registry: Registry, option: str, kind: Union[str, type]) -> None:
    """Raises one sentence if a registry does not know a type.

    Args:
        registry (Registry): Where the type is looked up.
        option (str): Name of the option that the user wrote.
        kind (str or type): The type; a class is always known.

    Raises:
        KeyError: If it is not known.
    """
    if isinstance(kind, str) and registry.get(kind) is None:
        module, _, name = kind.rpartition('.')
        if module and module != 'bls_mm':
            raise KeyError(
                f'{option} {kind!r} cannot be imported; there must be a class {name} in a module '
                f'{module} that is on PYTHONPATH'
            )
        raise KeyError(
            f'{option} {kind!r} is not known; choose one of {", ".join(_names(registry))}, '
            'or the dotted path of a class of your own'
        )


def _check_options(registry: Registry, option: str, cfg: dict) -> None:
    kind = registry.get(cfg['type']) if isinstance(cfg['type'], str) else cfg['type']
    parameters = inspect.signature(kind).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    allowed = [parameter.name for parameter in parameters if parameter.name != 'num_samples']
    for name in cfg:
        if name not in (*allowed, 'type', '_scope_'):
            raise TypeError(
                f'{option} {kind.__name__} has no option {name!r}; its options are '
                f'{", ".join(allowed) or "none"}'
            )


def _names(registry: Registry) -> list:
    registry.import_from_location()
    return sorted(registry.module_dict)
