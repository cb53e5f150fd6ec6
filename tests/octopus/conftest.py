from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.octopus import Octopus
from connectors.octopus.sandbox import OctopusSandbox, open_sandbox
from connectors.sandbox.company import company
from tests.landed import Clock

from .landed import connect


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[OctopusSandbox]:
    with open_sandbox("octopus", company("BE", entries_per_month=2), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: OctopusSandbox, clock: Clock) -> Iterator[Octopus]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()
