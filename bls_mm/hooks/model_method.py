"""Replaces methods of a model, reads the mode of a call, and unwraps a model."""

import functools
import inspect
from typing import Any, Callable

from mmengine.model import is_model_wrapper
from torch import nn


class ReplacedMethod:
    """A callable in the place of a method of a model, until :meth:`restore`.

    A copy of the model has its own method again.

    Args:
        model (nn.Module): The model. The replacement is an attribute of this instance.
        name (str): Name of the method.
        call (Callable): Called as ``call(original, *args, **kwargs)``.
    """

    def __init__(self, model: nn.Module, name: str, call: Callable) -> None:
        restore(model, name)  # of a run that was interrupted
        self.model = model
        self.name = name
        self.original = getattr(model, name)
        self._was_own = vars(model).get(name)  # as torch.compile leaves it
        self._call = call
        functools.update_wrapper(self, self.original, updated=())
        setattr(model, name, self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(self.original, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        # MMEngine's schedulers mark the optimizer's step with an attribute, and look for it.
        if name == 'original':
            raise AttributeError(name)
        return getattr(self.original, name)

    def __reduce__(self) -> tuple:
        # A copied or unpickled model gets its class's method: this one would call the other model.
        return getattr, (self.model, self.name)

    def restore(self) -> None:
        """Gives the model its method back."""
        if vars(self.model).get(self.name) is self:
            delattr(self.model, self.name)
            if self._was_own is not None:
                setattr(self.model, self.name, self._was_own)


def restore(model: nn.Module, name: str) -> None:
    """Gives a model a method back that an earlier run replaced and did not restore."""
    replaced = vars(model).get(name)
    if isinstance(replaced, ReplacedMethod):
        replaced.restore()


def mode_reader(model: nn.Module) -> Callable[[tuple], Any]:
    """Returns a function that finds ``mode`` in the positional arguments of ``model.forward``."""
    parameters = list(inspect.signature(model.forward).parameters.values())
    names = [parameter.name for parameter in parameters]
    if 'mode' not in names:
        return lambda args: None
    position, default = names.index('mode'), parameters[names.index('mode')].default
    return lambda args: args[position] if len(args) > position else default


def unwrap(model: nn.Module) -> nn.Module:
    """Returns the model inside a wrapper such as that of distributed training."""
    return model.module if is_model_wrapper(model) else model


def owner_of_step(model: nn.Module) -> nn.Module:
    """Returns the module whose ``train_step`` a model has: its own, or that of a model inside.

    MMPretrain's ``LoRAModel`` passes on to the model inside whatever it does not have.
    """
    owner = getattr(getattr(model, 'train_step', None), '__self__', model)
    return owner if isinstance(owner, nn.Module) else model
