"""Objects that look like others, but for some attributes."""

from typing import Any, Iterator


class View:
    """Shows an object with other values for some of its attributes.

    Everything else is read from the object, and what is set is set on the object. ``isinstance``
    answers as for the object.

    Args:
        target (object): The object.
        **values: Values of attributes.
    """

    def __init__(self, target: Any, **values: Any) -> None:
        vars(self).update(_target=target, _values=values)

    @property
    def __class__(self) -> type:
        return type(self._target)

    def __getattr__(self, name: str) -> Any:
        return self._values[name] if name in self._values else getattr(self._target, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._target, name, value)


class LongerLoader(View):
    """Shows a data loader with another length.

    Args:
        loader (DataLoader): The loader.
        length (int): Number of batches that ``len`` returns.
    """

    def __init__(self, loader: Any, length: int) -> None:
        super().__init__(loader)
        vars(self).update(_length=length)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator:
        return iter(self._target)
