from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sage_accounting import SageAccounting
from connectors.sage_accounting.sandbox import SageSandbox, open_sandbox
from tests.landed import Clock
from tests.reader import Reader

from .landed import SLUG, connect, told


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[SageSandbox]:
    with open_sandbox(SLUG, told(), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: SageSandbox, clock: Clock) -> Iterator[SageAccounting]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()


@pytest.fixture
def reader(connector: SageAccounting, sandbox: SageSandbox, tmp_path: Path) -> Reader:
    return Reader(connector, tmp_path / "sage", sandbox.external_id)
