"""A real browser, without a window or a network of its own."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

FLAGS = (
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--host-resolver-rules=MAP * ~NOTFOUND',  # a page that needs the network fails
)


@contextmanager
def open_browser(profile: Path, width: int = 1280, height: int = 900, dark: bool = False):
    """Yields a driver of Chromium; skips the test where there is none.

    Args:
        profile (Path): An empty folder for the browser's own files.
        width (int): Of the page, in pixels.
        height (int): The same.
        dark (bool): Whether the page is to be dark.
    """
    webdriver = pytest.importorskip('selenium.webdriver', reason='selenium is not installed')
    chromium, driver_path = shutil.which('chromium'), shutil.which('chromedriver')
    if not chromium or not driver_path:
        pytest.skip('needs a browser; install it with: apt install chromium chromium-driver')
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f'--user-data-dir={profile}'):
        options.add_argument(flag)
    options.set_capability('goog:loggingPrefs', dict(browser='ALL'))
    driver = webdriver.Chrome(options, webdriver.ChromeService(driver_path))
    try:
        metrics = dict(width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', metrics)
        scheme = dict(name='prefers-color-scheme', value='dark' if dark else 'light')
        driver.execute_cdp_cmd('Emulation.setEmulatedMedia', dict(features=[scheme]))
        yield driver
    finally:
        driver.quit()
