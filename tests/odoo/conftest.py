from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.odoo import Odoo
from connectors.odoo.sandbox import OdooSandbox, open_sandbox
from connectors.sandbox.company import company
from tests.landed import Clock

from .landed import connect

# A small company: what is tested here does not depend on its size.
SMALL = company("BE", entries_per_month=2)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[OdooSandbox]:
    with open_sandbox("odoo", SMALL, now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: OdooSandbox, clock: Clock) -> Iterator[Odoo]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()
