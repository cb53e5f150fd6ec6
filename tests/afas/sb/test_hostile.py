"""AFAS SB when its vendor or the network misbehaves: the contract suite's tests, run for its sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.afas.sb.test_contract import ROW
from tests.contract import test_hostile
from tests.contract.dossier import Linked, linked
from tests.contract.test_hostile import Clock

globals().update({name: test for name, test in vars(test_hostile).items() if name.startswith("test_")})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dossier(clock: Clock, tmp_path: Path) -> Iterator[Linked]:
    with linked(ROW, tmp_path) as found:
        yield replace(found, house=replace(found.house, now=clock.now, sleep=clock.sleep))
