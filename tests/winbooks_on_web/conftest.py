from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.sandbox.company import company
from connectors.winbooks_on_web import WinBooksOnWeb
from connectors.winbooks_on_web.sandbox import WinBooksOnWebSandbox, open_sandbox
from tests.landed import Clock

from .landed import connect


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[WinBooksOnWebSandbox]:
    with open_sandbox("winbooks_on_web", company("BE", entries_per_month=5), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: WinBooksOnWebSandbox, clock: Clock) -> Iterator[WinBooksOnWeb]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()
