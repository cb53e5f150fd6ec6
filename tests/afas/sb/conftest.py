from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.afas import AfasSb
from connectors.afas.sb.sandbox import SbSandbox, open_sandbox
from connectors.sandbox.company import company
from tests.landed import Clock

from .landed import connect


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[SbSandbox]:
    with open_sandbox("afas", company("NL"), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: SbSandbox, clock: Clock) -> Iterator[AfasSb]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()


@pytest.fixture
def centre(clock: Clock) -> Iterator[SbSandbox]:
    """The same firm, connected at its accounting centre."""
    with open_sandbox("afas", company("NL"), environment="admin", now=clock) as running:
        yield running
