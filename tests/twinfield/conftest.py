from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.sandbox.company import company
from connectors.twinfield import Twinfield
from connectors.twinfield.sandbox import TwinfieldSandbox, open_sandbox
from tests.landed import Clock

from .landed import connect


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[TwinfieldSandbox]:
    with open_sandbox("twinfield", company("NL", entries_per_month=2), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: TwinfieldSandbox, clock: Clock) -> Iterator[Twinfield]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()
