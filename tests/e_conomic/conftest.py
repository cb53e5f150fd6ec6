from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.e_conomic import Economic
from connectors.e_conomic.sandbox import EconomicSandbox, open_sandbox
from connectors.sandbox.company import company
from tests.landed import Clock

from .landed import SOFTWARE, connect


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[EconomicSandbox]:
    with open_sandbox(SOFTWARE, company("BE", entries_per_month=3, corrects_by_entries=True), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: EconomicSandbox, clock: Clock) -> Iterator[Economic]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()
