"""Checks of option values. Each raises one sentence with the option, its range and the value."""

import math
from typing import Any, Sequence


def check_fraction(
    option: str, value: float, above: float = -math.inf, below: float = math.inf
) -> None:
    """Checks that a value is in ``[0, 1]``, and within stricter limits if there are any.

    Args:
        option (str): Name of the option, for the message.
        value (float): Value of the option.
        above (float): The value must be greater than this. Defaults to no limit.
        below (float): The value must be less than this. Defaults to no limit.

    Raises:
        ValueError: If the value is not a number in that range.
    """
    if not is_number(value) or not 0 <= value <= 1:
        raise ValueError(f'{option} must be a fraction between 0 and 1, but got {value!r}')
    if value <= above:
        raise ValueError(f'{option} must be above {above}, but got {value!r}')
    if value >= below:
        raise ValueError(f'{option} must be below {below}, but got {value!r}')


def check_positive_int(option: str, value: int, hint: str = '') -> None:
    """Checks that a value is an integer of at least 1.

    Args:
        option (str): Name of the option, for the message.
        value (int): Value of the option.
        hint (str): What the user can do, appended to the message. Defaults to none.

    Raises:
        ValueError: If it is not.
    """
    if not is_int(value) or value < 1:
        advice = f'; {hint}' if hint else ''
        raise ValueError(f'{option} must be a positive integer, but got {value!r}{advice}')


def check_int_between(option: str, value: int, low: int, high: int) -> None:
    """Checks that a value is an integer in ``[low, high]``; raises ValueError if it is not."""
    if not is_int(value) or not low <= value <= high:
        raise ValueError(f'{option} must be an integer from {low} to {high}, but got {value!r}')


def check_bool(option: str, value: bool) -> None:
    """Checks that a value is True or False; raises ValueError if it is not."""
    if not isinstance(value, bool):
        raise ValueError(f'{option} must be True or False, but got {value!r}')


def check_choice(option: str, value: Any, choices: Sequence[Any]) -> None:
    """Checks that a value is one of several; raises ValueError if it is not."""
    if value not in choices:
        names = ' or '.join(filter(None, [', '.join(map(repr, choices[:-1])), repr(choices[-1])]))
        raise ValueError(f'{option} must be {names}, but got {value!r}')


def is_number(value: Any) -> bool:
    """Returns whether a value is an int or a float. A bool is neither."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_int(value: Any) -> bool:
    """Returns whether a value is an int. A bool is not."""
    return isinstance(value, int) and not isinstance(value, bool)
