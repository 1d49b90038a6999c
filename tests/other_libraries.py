"""Imports libraries of OpenMMLab, or skips a test."""

from importlib.util import find_spec

import pytest

from bls_mm import compat


def need_library(name: str) -> None:
    """Skips the test if a library is not installed. Does not import it.

    Args:
        name (str): The library, or the name of one of its configs, such as ``mmdet::yolox/...``.
    """
    package = name.partition('::')[0]
    if find_spec(package) is None:
        pytest.skip(f'needs {package}')


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
