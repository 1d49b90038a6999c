"""Imports libraries of OpenMMLab, or skips a test."""

import pytest

from bls_mm import compat


def import_library(name: str):
    """Imports a module of a library, or skips the test if the library is not installed.

    Args:
        name (str): Dotted path of the module.
    """
    package = name.partition('.')[0]
    try:
        compat.import_library(package)
    except ModuleNotFoundError:
        pytest.skip(f'needs {package}')
    return pytest.importorskip(name, reason=f'needs {package}')
