"""Finds the argument ``mode`` of a call of a model."""

import inspect
from typing import Any, Callable

from torch import nn


def mode_reader(model: nn.Module) -> Callable[[tuple, dict], Any]:
    """Returns a function that finds ``mode`` in the arguments of the model's ``forward``."""
    parameters = list(inspect.signature(model.forward).parameters.values())
    names = [parameter.name for parameter in parameters]
    if 'mode' not in names:
        return lambda args, kwargs: kwargs.get('mode')
    position, default = names.index('mode'), parameters[names.index('mode')].default

    def mode_of(args: tuple, kwargs: dict) -> Any:
        return kwargs.get('mode', args[position] if len(args) > position else default)

    return mode_of
