"""Connects to the Venice sandbox, and compares lines with the package's own movements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.contract import Connector
from connectors.venice import Venice
from connectors.venice.sandbox import VeniceSandbox
from tests import landed
from tests.landed import Clock, Landed, access, books


def connect(sandbox: VeniceSandbox, clock: Clock, password: str = "", **given: Any) -> Venice:
    """A connector for the sandbox, with the clock's time and sleep."""
    return Venice(access("venice", sandbox, clock, secrets={"password": password} if password else None, **given))


def read(connector: Connector, previous: Landed | None = None, dossier: str = "ATELIER", **request: Any) -> Landed:
    """One sync; with ``previous`` from its cursor on."""
    return landed.read(connector, dossier, previous, **request)


def differences(connector: Connector, landed: Landed) -> list[tuple[Any, ...]]:
    """Year, account, and how far the package's movement is from that of the lines."""
    return (
        books(connector, landed)
        .execute(
            """WITH told AS (
                SELECT fiscal_year, account, sum(debit - credit) AS amount FROM books.trial_balances GROUP BY ALL
            ),
            lines AS (
                SELECT y.label AS fiscal_year, account, sum(debit - credit) AS amount
                FROM books.journal_lines l JOIN books.fiscal_years y ON l.date BETWEEN y.start_date AND y.end_date
                WHERE period_kind = 'normal' GROUP BY ALL
            )
            SELECT fiscal_year, account, coalesce(t.amount, 0) - coalesce(l.amount, 0) AS off
            FROM told t FULL JOIN lines l USING (fiscal_year, account) WHERE off <> 0 ORDER BY ALL"""
        )
        .fetchall()
    )


def asked(sandbox: VeniceSandbox, part: str) -> Callable[[], int]:
    """How many calls whose address has ``part`` were made since."""
    before = len(sandbox.vendor.requests)
    return lambda: sum(part in request for request in sandbox.vendor.requests[before:])
