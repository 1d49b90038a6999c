import math
import re

import pytest

from bls_mm.checks import (
    check_bool,
    check_choice,
    check_fraction,
    check_int_between,
    check_positive_int,
)


@pytest.mark.parametrize('value', [0, 0.5, 1])
def test_fractions_are_accepted(value):
    check_fraction('option', value)


@pytest.mark.parametrize('value', [-0.1, 30, math.nan, True, None, '0.3'])
def test_other_values_are_not_fractions(value):
    message = f'option must be a fraction between 0 and 1, but got {value!r}'
    with pytest.raises(ValueError, match=re.escape(message)):
        check_fraction('option', value)


@pytest.mark.parametrize(
    ('check', 'message'),
    [
        (lambda: check_fraction('a', 0, above=0), 'a must be above 0, but got 0'),
        (lambda: check_fraction('a', 1, below=1), 'a must be below 1, but got 1'),
        (lambda: check_positive_int('a', 0), 'a must be a positive integer, but got 0'),
        (lambda: check_positive_int('a', 2.0), 'a must be a positive integer, but got 2.0'),
        (lambda: check_positive_int('a', True), 'a must be a positive integer, but got True'),
        (lambda: check_positive_int('a', 0, 'use 1'), 'positive integer, but got 0; use 1'),
        (lambda: check_int_between('a', 5, 1, 4), 'a must be an integer from 1 to 4, but got 5'),
        (lambda: check_bool('a', 1), 'a must be True or False, but got 1'),
        (lambda: check_choice('a', 'd', ['b']), "a must be 'b', but got 'd'"),
        (lambda: check_choice('a', 'd', ['b', 'c']), "a must be 'b' or 'c', but got 'd'"),
        (lambda: check_choice('a', 3, (0, 1, 2)), 'a must be 0, 1 or 2, but got 3'),
    ],
)
def test_messages_contain_option_range_and_value(check, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check()


def test_limits_themselves_are_accepted():
    check_fraction('a', 0.1, above=0, below=1)
    check_positive_int('a', 1)
    check_int_between('a', 1, 1, 4)
    check_int_between('a', 4, 1, 4)
    check_bool('a', False)
    check_choice('a', 'b', ('b', 'c'))
