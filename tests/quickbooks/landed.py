"""Reads a sandbox as the sync flow does: events to a landing, the landing to the books, without a warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from connectors.books import require_complete
from connectors.budgets import LocalBudgets
from connectors.catalog import package
from connectors.contract import Access, ExtractRequest, TokenStore
from connectors.quickbooks import QuickBooks
from connectors.quickbooks.sandbox import QuickBooksSandbox
from connectors.sandbox.company import Company
from connectors.tokens import MemoryTokenStore
from foundation.errors import GrandlivreError
from foundation.secrets import Secret
from resources.landing import Landing, Snapshot
from warehouse.bench import Workbench


def told(revision: int = 0, entries_per_month: int = 6) -> Company:
    """The company as QuickBooks can tell it."""
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


def connect(sandbox: QuickBooksSandbox, clock: Clock, tokens: TokenStore | None = None, **settings: str) -> QuickBooks:
    """A connector for the sandbox, with the clock's time and sleep."""
    return QuickBooks(
        Access(
            software="quickbooks",
            settings=package("quickbooks").complete_settings(sandbox.settings | settings),
            secrets={name: Secret(value) for name, value in sandbox.secrets.items()},
            tokens=tokens or MemoryTokenStore(),
            now=clock,
            sleep=clock.sleep,
            budgets=LocalBudgets(package("quickbooks").limits),
        )
    )


@dataclass
class Reader:
    """Syncs of one company through ``connector``, landed below ``folder``."""

    connector: QuickBooks
    folder: Path
    realm: str
    snapshots: list[Snapshot] = field(default_factory=list)

    def read(self, *, afresh: bool = False, **request: Any) -> Snapshot:
        """One sync, from the cursor of the one before unless ``afresh``."""
        before = self.snapshots[-1] if self.snapshots and not afresh else None
        kept = self.landing.kept("quickbooks", "d", "link", self.connector.resources, work=self.work)
        wanted = ExtractRequest(self.realm, cursor=before and before.cursor, resume=kept.resume, **request)
        events, number = self.connector.extract(wanted), str(len(self.snapshots))
        resources = self.connector.resources
        found = self.landing.land(
            "quickbooks", "d", number, resources, events, work=self.work, previous=before, kept=kept
        )
        self.snapshots.append(found)
        return found

    def fails(self, kind: type[GrandlivreError], **request: Any) -> str:
        """What the error of the next sync says."""
        try:
            self.read(**request)
        except kind as error:
            return str(error)
        raise AssertionError("it did not fail")

    @property
    def work(self) -> Path:
        (self.folder / "work").mkdir(parents=True, exist_ok=True)
        return self.folder / "work"

    @property
    def landing(self) -> Landing:
        return Landing(str(self.folder / "landing"))

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

    def sums(self) -> dict[str, Decimal]:
        """Account to the sum of its lines; zero ones left out."""
        found = self.rows("SELECT account, sum(debit - credit) FROM books.journal_lines GROUP BY 1")
        return {account: amount for account, amount in found if amount}

    def count(self) -> int:
        return int(self.rows("SELECT count(*) FROM books.journal_lines")[0][0])


def company_sums(company: Company, start: date = date.min, end: date = date.max) -> dict[str, Decimal]:
    """The same of the company, as far as QuickBooks is told of it: no closing entries and later openings."""
    found: dict[str, Decimal] = {}
    for line in booked(company):
        if start <= line.date <= end:
            found[line.account] = found.get(line.account, Decimal(0)) + line.amount
    return {account: amount for account, amount in found.items() if amount}


def booked(company: Company) -> list[Any]:
    return [line for line in company.lines if line.kind == "normal" or (line.kind == "opening" and line.year == "2024")]


def asked(sandbox: QuickBooksSandbox, since: int = 0) -> list[str]:
    """What was asked: endpoints of the API, reports with their last day."""
    found = []
    for target in sandbox.vendor.requests[since:]:
        path, _, query = target.partition("?")
        name = path.rpartition("/")[2] if "companyinfo" not in path else "companyinfo"
        fields = dict(part.split("=", 1) for part in query.split("&") if "=" in part)
        if name == "query":
            name = fields["query"].split("+")[3]
        found.append(f"{name} {fields['end_date']}" if "end_date" in fields else name)
    return found
