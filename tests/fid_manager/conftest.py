from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.contract import Connector
from connectors.fid_manager.sandbox import FidManagerSandbox, open_sandbox
from connectors.sandbox.company import company
from tests.client_lists.reading import connect
from tests.landed import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[FidManagerSandbox]:
    with open_sandbox("fid_manager", company("BE"), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: FidManagerSandbox, clock: Clock) -> Iterator[Connector]:
    opened = connect("fid_manager", sandbox.settings, sandbox.secrets, clock)
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the file route."""
    (tmp_path / "lists").mkdir()
    return tmp_path / "lists"
