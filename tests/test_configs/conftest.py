import functools
import warnings
from contextlib import suppress
from pathlib import Path

import mmengine.config.config
import mmengine.config.utils
import pytest
from table import Row, replace_table, to_table

from bls_mm.compat import import_library


@pytest.fixture(scope='session', autouse=True)
def packages():
    """Imports the model libraries once, in the order that works."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for name in ('mmocr', 'mmyolo'):
            with suppress(ModuleNotFoundError):
                import_library(name)


@pytest.fixture(scope='session', autouse=True)
def quick_configs():
    """Makes MMEngine read the hundred metafiles behind ``mmdet::...`` once instead of every time.

    It also skips the formatting of configs, which takes seconds for each.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            mmengine.config.utils, 'load', functools.lru_cache(mmengine.config.utils.load)
        )
        patch.setattr(mmengine.config.config, 'FormatCode', lambda text, **style: (text, True))
        yield


@pytest.fixture(scope='session')
def data(tmp_path_factory) -> Path:
    """The folder of the stand-in data sets, which all configs share."""
    return tmp_path_factory.mktemp('data')


@pytest.fixture(autouse=True)
def any_cifar_archive(monkeypatch):
    """Skips the checksums of MMPretrain, which only the real archives have."""
    monkeypatch.setattr('mmpretrain.datasets.cifar.check_md5', lambda path, md5: True)


def pytest_addoption(parser):
    parser.addoption(
        '--configs-table', type=Path, help='write a table of all configs into this page'
    )


def pytest_configure(config):
    page = config.getoption('--configs-table')
    if page is not None:
        config.pluginmanager.register(TableWriter(page))


class TableWriter:
    """Collects a row from each test of a config, and writes the table at the end."""

    def __init__(self, page: Path) -> None:
        self.page = page
        self.rows = []

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.partition('::test_config[')[2].rstrip(']')
        if name and report.when == 'call':
            components = dict(report.user_properties).get('components', 0)
            self.rows.append(Row(name, components, report.duration, report.passed))

    def pytest_sessionfinish(self):
        self.page.write_text(replace_table(self.page.read_text(), to_table(self.rows)))
