"""Shared by the tests of the service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.ground import Ground, enrolled, write_books
from tests.agent.hub import TestHub
from tests.agent.serving import serving


@pytest.fixture
def hub() -> Iterator[TestHub]:
    with serving(TestHub()) as served:
        yield served


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WinBooks root that tests only read."""
    return write_books(tmp_path_factory.mktemp("books"))


@pytest.fixture
def ground(tmp_path: Path, hub: TestHub, books: Path) -> Iterator[Ground]:
    """An enrolled service with its spool taken."""
    made = Ground(enrolled(tmp_path / "service", hub, books))
    with made.spool.taken():
        yield made
    made.close()
