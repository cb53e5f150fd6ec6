from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.adminpulse.sandbox import AdminPulseSandbox, open_sandbox
from connectors.adminpulse.sandbox.vendor import KEY
from connectors.contract import Connector
from connectors.sandbox.company import company
from tests.client_lists.reading import connect
from tests.landed import Clock

HEADERS = {"Authorization": f"Bearer {KEY}", "Accept": "application/json", "Content-Type": "application/json"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[AdminPulseSandbox]:
    with open_sandbox("adminpulse", company("BE"), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: AdminPulseSandbox, clock: Clock) -> Iterator[Connector]:
    opened = connect("adminpulse", sandbox.settings, sandbox.secrets, clock)
    yield opened
    opened.close()
