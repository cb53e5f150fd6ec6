from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.bocount import BoCount
from connectors.bocount.sandbox import BoCountSandbox, open_sandbox
from tests.landed import Clock

from .landed import connect, told


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[BoCountSandbox]:
    with open_sandbox("bocount", told(0), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: BoCountSandbox, clock: Clock) -> Iterator[BoCount]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()
