"""A class that has the methods of two others."""

from functools import lru_cache
from typing import Any


def joined_class(first: type, second: type) -> type:
    """Returns the class for an object that changes its class and keeps its other methods.

    Args:
        first (type): The class that it must have.
        second (type): The class that it has.
    """
    if second.__iter__ is first.__iter__:
        return second  # it has both already
    return first if issubclass(second, first) else join_classes(first, second)


@lru_cache(maxsize=None)
def join_classes(first: type, second: type) -> type:
    """Returns a class that inherits two others, the same each time, so that types can be compared.

    Its objects can be copied, and pickled if both classes can be imported.

    Args:
        first (type): The class whose methods count if both have one.
        second (type): The other class.
    """

    def reduce(self: Any, protocol: int) -> tuple:
        # Pickle finds a class by its name, and this one has none in any module.
        return _new_object, (first, second), vars(self).copy()

    return type(first)(
        f'{first.__name__}Of{second.__name__}',
        (first, second),
        {
            '__doc__': f'A {first.__name__} with the methods of {second.__name__}.',
            '__module__': __name__,
            '__reduce_ex__': reduce,
        },
    )


def _new_object(first: type, second: type) -> Any:
    joined = join_classes(first, second)
    return joined.__new__(joined)
