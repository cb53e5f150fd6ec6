"""Reads a sandbox as the sync flow does: events to a landing, the landing to the books, without a warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from connectors.books import require_complete
from connectors.budgets import LocalBudgets
from connectors.catalog import package
from connectors.contract import Access, ExtractRequest, TokenStore
from connectors.sage_accounting import SageAccounting
from connectors.sage_accounting.sandbox import SageSandbox
from connectors.sandbox.company import Company
from connectors.tokens import MemoryTokenStore
from foundation.secrets import Secret
from resources.landing import Landing, Snapshot
from warehouse.bench import Workbench

SLUG = "sage_business_cloud_accounting"


def told(revision: int = 0, entries_per_month: int = 6) -> Company:
    """The company as Sage can tell it."""
    return Company("BE", revision, entries_per_month, long_first_year=False)


class Clock:
    """A clock that moves when somebody sleeps, or is told to."""

    def __init__(self, start: datetime = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)) -> None:
        self.moment = start
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)

    def pass_by(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


def connect(sandbox: SageSandbox, clock: Clock, tokens: TokenStore | None = None, **settings: str) -> SageAccounting:
    """A connector for the sandbox, with the clock's time and sleep."""
    return SageAccounting(
        Access(
            software=SLUG,
            settings=package(SLUG).complete_settings(sandbox.settings | settings),
            secrets={name: Secret(value) for name, value in sandbox.secrets.items()},
            tokens=tokens or MemoryTokenStore(),
            now=clock,
            sleep=clock.sleep,
            budgets=LocalBudgets(package(SLUG).limits),
        )
    )


@dataclass
class Reader:
    """Syncs of one business through ``connector``, landed below ``folder``."""

    connector: SageAccounting
    folder: Path
    business: str
    snapshots: list[Snapshot] = field(default_factory=list)

    def read(self, *, afresh: bool = False, **request: Any) -> Snapshot:
        """One sync, from the cursor of the one before unless ``afresh``."""
        before = self.snapshots[-1] if self.snapshots and not afresh else None
        events = self.connector.extract(ExtractRequest(self.business, cursor=before and before.cursor, **request))
        work = self.folder / "work"
        work.mkdir(parents=True, exist_ok=True)
        landing, number = Landing(str(self.folder / "landing")), str(len(self.snapshots))
        found = landing.land(SLUG, "d", number, self.connector.resources, events, work=work, previous=before)
        self.snapshots.append(found)
        return found

    @contextmanager
    def books(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The books of the last sync."""
        with Workbench(self.folder) as bench:
            bench.mount(self.snapshots[-1].files)
            self.connector.normalize(bench.db)
            require_complete(bench.db)
            yield bench.db

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.books() as db:
            return db.execute(sql).fetchall()

    def codes(self) -> set[str]:
        return {note.code for note in self.snapshots[-1].notes}

    def sums(self) -> dict[str, Decimal]:
        """Account to the sum of its lines; zero ones left out."""
        found = self.rows("SELECT account, sum(debit - credit) FROM books.journal_lines GROUP BY 1")
        return {account: amount for account, amount in found if amount}


def company_sums(company: Company) -> dict[str, Decimal]:
    """The same of the company, as far as Sage is told of it: no closing entries and later openings."""
    found: dict[str, Decimal] = {}
    for line in company.lines:
        if line.kind == "normal" or (line.kind == "opening" and line.year == "2024"):
            found[line.account] = found.get(line.account, Decimal(0)) + line.amount
    return {account: amount for account, amount in found.items() if amount}


def asked(sandbox: SageSandbox, what: str) -> list[str]:
    """What was asked of the sandbox so far, as far as it names ``what``; without the root of its address."""
    return [each.removeprefix("/v3.1/") for each in sandbox.vendor.requests if what in each]
