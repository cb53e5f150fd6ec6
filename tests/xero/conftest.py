from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.xero import Xero
from connectors.xero.sandbox import XeroSandbox, open_sandbox
from tests.landed import Clock
from tests.reader import Reader

from .landed import connect, told


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[XeroSandbox]:
    with open_sandbox("xero", told(), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: XeroSandbox, clock: Clock) -> Iterator[Xero]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()


@pytest.fixture
def reader(connector: Xero, sandbox: XeroSandbox, tmp_path: Path) -> Reader:
    return Reader(connector, tmp_path / "xero", sandbox.external_id)


@pytest.fixture
def totals(sandbox: XeroSandbox, clock: Clock, tmp_path: Path) -> Iterator[Reader]:
    """The same organisation, read by the package that knows totals alone."""
    opened = connect(sandbox, clock, "xero_tb")
    yield Reader(opened, tmp_path / "xero_tb", sandbox.external_id)
    opened.close()
