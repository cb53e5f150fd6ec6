from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sandbox.company import company
from connectors.yuki import Yuki
from connectors.yuki.sandbox import YukiSandbox, open_sandbox
from tests.landed import Clock

from .landed import SOFTWARE, Dossier, connect


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[YukiSandbox]:
    with open_sandbox(SOFTWARE, company("BE"), now=clock) as running:
        yield running


@pytest.fixture
def connector(sandbox: YukiSandbox, clock: Clock) -> Iterator[Yuki]:
    opened = connect(sandbox, clock)
    yield opened
    opened.close()


@pytest.fixture
def dossier(sandbox: YukiSandbox, connector: Yuki, tmp_path: Path) -> Dossier:
    return Dossier(connector, tmp_path, sandbox.external_id, sandbox=sandbox)
