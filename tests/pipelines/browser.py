"""A real browser without a window: Chromium, driven as a person would."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from selenium import webdriver

# As root, and in a container's small shared memory, it starts only with the first two.
_OPTIONS = ("--no-sandbox", "--disable-dev-shm-usage", "--headless=new", "--window-size=1280,720", "--lang=en")


@contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    missing = [name for name, path in programs.items() if path is None]
    assert not missing, f"{' and '.join(missing)} not installed: apt-get install chromium chromium-driver"
    options = webdriver.ChromeOptions()
    options.binary_location = str(programs["chromium"])
    for option in _OPTIONS:
        options.add_argument(option)
    driver = webdriver.Chrome(options, webdriver.ChromeService(programs["chromedriver"]))
    try:
        yield driver
    finally:
        driver.quit()
