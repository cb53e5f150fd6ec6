"""A portal for each test; and one for the tests of a module that change nothing that others look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.pipelines.browser import browser
from tests.web.browsing import Browser
from tests.web.stage import Stage, served


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with served(tmp_path / "home") as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with served(tmp_path_factory.mktemp("portal") / "home") as opened:
        yield opened


@pytest.fixture
def empty_stage(tmp_path: Path) -> Iterator[Stage]:
    """A portal that has no people yet."""
    with served(tmp_path / "empty", firms=()) as opened:
        yield opened


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chrome]:
    """One Chromium per test process: starting it takes longer than most tests."""
    with browser() as driver:
        yield driver


@pytest.fixture
def web(stage: Stage, chromium: Chrome) -> Browser:
    """A browser at the portal of this test; nobody is signed in yet (see :meth:`Browser.as_person`)."""
    return Browser(chromium, stage)
