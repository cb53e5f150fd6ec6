"""Connects to the AFAS SB sandbox, and tells what stands in it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.afas import AfasSb
from connectors.afas.sb.sandbox import SbSandbox
from connectors.afas.sb.sandbox.books import OURS
from tests import landed
from tests.landed import Clock, Landed, access, books


def connect(sandbox: SbSandbox, clock: Clock, **given: Any) -> AfasSb:
    return AfasSb(access("afas", sandbox, clock, **given))


def read(connector: AfasSb, previous: Landed | None = None, **request: Any) -> Landed:
    return landed.read(connector, SbSandbox.external_id, previous, **request)


def loaded(connector: AfasSb, found: Landed) -> dict[str, Decimal]:
    """Line key to amount, without what the books open with."""
    query = "SELECT line_key, debit - credit FROM books.journal_lines WHERE period_kind <> 'opening'"
    rows = books(connector, found).execute(query).fetchall()
    assert len(rows) == len(dict(rows)), "a line came twice"
    return dict(rows)


def standing(sandbox: SbSandbox) -> dict[str, Decimal]:
    """The same of the lines that stand in the sandbox."""
    rows = sandbox.vendor.books.lines.items()
    return {key: row["AmountDebit"] - row["AmountCredit"] for key, row in rows if row["AdministrationId"] == OURS}


def asked(sandbox: SbSandbox, endpoint: str) -> list[str]:
    """What was asked of an endpoint so far."""
    return [request for request in sandbox.vendor.requests if f"/{endpoint}" in request]
