"""Imports libraries of OpenMMLab beside an mmcv that they refuse."""

import importlib

import pytest


def import_library(name: str):
    """Imports a module of a library, or skips the test if the library is not installed.

    MMYOLO 0.6.0 asserts mmcv < 2.1 at import and works with 2.1. So mmcv presents a version that is
    accepted for the moment of the import.

    Args:
        name (str): Dotted path of the module.
    """
    package = name.partition('.')[0]
    pytest.importorskip(package if package != 'mmyolo' else 'mmcv', reason=f'needs {package}')
    import mmcv

    version = mmcv.__version__
    mmcv.__version__ = '2.0.1'
    try:
        return pytest.importorskip(name, reason=f'needs {package}')
    finally:
        mmcv.__version__ = version


def register(name: str) -> None:
    importlib.import_module(name)
