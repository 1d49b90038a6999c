"""Replaces a method of one model, so that a copy of the model has its own method again."""

import functools
from typing import Any, Callable

from torch import nn


class ReplacedMethod:
    """A callable in the place of a method of a model, until :meth:`restore`.

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
