import functools
import warnings
from pathlib import Path

import mmengine.config.config
import mmengine.config.utils
import pytest

from bls_mm.compat import allow_mmocr


@pytest.fixture(scope='session', autouse=True)
def packages():
    """Imports the model libraries once, and in the order that works."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        allow_mmocr()


@pytest.fixture(scope='session', autouse=True)
def quick_configs():
    """MMEngine reads a hundred metafiles for each name like ``mmdet::...``; here, only once.

    And it lays every config out nicely, for seconds.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            mmengine.config.utils, 'load', functools.lru_cache(mmengine.config.utils.load)
        )
        patch.setattr(mmengine.config.config, 'FormatCode', lambda text, **style: (text, True))
        yield


@pytest.fixture(scope='session')
def data(tmp_path_factory) -> Path:
    """Where the stand-in data sets are, shared by all configs."""
    return tmp_path_factory.mktemp('data')


@pytest.fixture(autouse=True)
def any_cifar_archive(monkeypatch):
    """MMPretrain compares checksums, which only the real archives have."""
    monkeypatch.setattr('mmpretrain.datasets.cifar.check_md5', lambda path, md5: True)
