"""Connects to the BoCount sandbox, and asks the books that are made of what it tells."""

from __future__ import annotations

from typing import Any

from connectors.bocount import BoCount
from connectors.bocount.sandbox import BoCountSandbox
from connectors.sandbox.company import Company, company
from tests import landed
from tests.landed import Clock, Landed, access, books


def told(revision: int) -> Company:
    return company("BE", revision, corrects_by_entries=True)


def connect(sandbox: BoCountSandbox, clock: Clock, **given: Any) -> BoCount:
    return BoCount(access("bocount", sandbox, clock, **given))


def read(connector: BoCount, sandbox: BoCountSandbox, before: Landed | None = None, **request: Any) -> Landed:
    return landed.read(connector, sandbox.external_id, before, **request)


def rows(connector: BoCount, found: Landed, query: str) -> list[tuple[Any, ...]]:
    """The answer to ``query`` on the books that are made of the landed tables."""
    with books(connector, found) as db:
        return db.execute(query).fetchall()
