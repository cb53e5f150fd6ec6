from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.sandbox.company import company
from connectors.venice import Venice
from connectors.venice.sandbox import VeniceSandbox, open_sandbox
from tests.landed import Clock

from .landed import connect


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[VeniceSandbox]:
    with open_sandbox("venice", company("BE", entries_per_month=5), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: VeniceSandbox, clock: Clock) -> Iterator[Venice]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()
