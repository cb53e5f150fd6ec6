from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.exact_online import ExactOnline
from connectors.exact_online.sandbox import ExactSandbox, open_sandbox
from connectors.sandbox.company import company
from tests.landed import Clock

from .landed import SOFTWARE, connect


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[ExactSandbox]:
    with open_sandbox(SOFTWARE, company("BE"), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: ExactSandbox, clock: Clock) -> Iterator[ExactOnline]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()
