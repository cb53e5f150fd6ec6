from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.quickbooks import QuickBooks
from connectors.quickbooks.sandbox import QuickBooksSandbox, open_sandbox
from tests.landed import Clock
from tests.reader import Reader

from .landed import connect, told


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[QuickBooksSandbox]:
    with open_sandbox("quickbooks", told(), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: QuickBooksSandbox, clock: Clock) -> Iterator[QuickBooks]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()


@pytest.fixture
def reader(connector: QuickBooks, sandbox: QuickBooksSandbox, tmp_path: Path) -> Reader:
    return Reader(connector, tmp_path / "quickbooks", sandbox.external_id)
