from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.afas import Afas
from connectors.afas.sandbox import AfasSandbox, open_sandbox
from connectors.sandbox.company import company
from tests.landed import Clock

from .landed import connect


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[AfasSandbox]:
    with open_sandbox("afas", company("NL"), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: AfasSandbox, clock: Clock) -> Iterator[Afas]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()
