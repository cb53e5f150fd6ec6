"""Reads a sandbox as the sync flow does: events into a real landing, what is landed into the books."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from connectors.books import require_complete
from connectors.budgets import Budgets, LocalBudgets
from connectors.catalog import package
from connectors.contract import Access, Deleted, Event, ExtractRequest, TokenStore
from connectors.sandbox.company import Company, Line
from connectors.tokens import MemoryTokenStore
from connectors.yuki import Yuki
from connectors.yuki.sandbox import YukiSandbox
from foundation.secrets import Secret
from resources.kept_pages import KeptPages
from resources.landing import Landing, Snapshot

SOFTWARE = "yuki"
Balances = dict[tuple[str, str], tuple[Decimal, Decimal]]


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


def connect(
    sandbox: YukiSandbox,
    clock: Clock,
    *,
    tokens: TokenStore | None = None,
    budgets: Budgets | None = None,
    key: str | None = None,
    **settings: str,
) -> Yuki:
    """A connector for the sandbox, with the clock's time and sleep."""
    access = Access(
        software=SOFTWARE,
        settings=sandbox.settings | settings,
        secrets={"access_key": Secret(key or sandbox.secrets["access_key"])},
        tokens=tokens or MemoryTokenStore(),
        now=clock,
        sleep=clock.sleep,
        budgets=budgets or LocalBudgets(package(SOFTWARE).limits),
    )
    return Yuki(access)


@dataclass
class Dossier:
    """The sandbox's dossier, synced step by step into ``landing``. ``asked`` holds what the last sync asked for."""

    sandbox: YukiSandbox
    connector: Yuki
    folder: Path
    snapshot: Snapshot | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    syncs: int = 0

    @property
    def landing(self) -> Landing:
        return Landing(str(self.folder / "landing"))

    def sync(self, *, afresh: bool = False, **wanted: Any) -> Snapshot:
        """One sync, from the last one's cursor on."""
        self.syncs += 1
        before = len(self.sandbox.vendor.asked)
        previous = None if afresh else self.snapshot
        kept = self._kept()
        cursor = json.loads(json.dumps(previous.cursor)) if previous and previous.cursor else None
        request = ExtractRequest(self.sandbox.external_id, cursor=cursor, resume=kept.resume, **wanted)
        self.deleted = []
        try:
            self.snapshot = self.landing.land(
                SOFTWARE,
                "dossier",
                f"sync-{self.syncs}",
                self.connector.resources,
                self._heard(self.connector.extract(request)),
                work=self.folder / "work",
                previous=previous,
                kept=kept,
            )
        finally:
            self.asked = self.sandbox.vendor.asked[before:]
        return self.snapshot

    def _kept(self) -> KeptPages:
        resources = self.connector.resources
        return self.landing.kept(SOFTWARE, "dossier", "link", resources, work=self.folder / "work")

    def _heard(self, events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Deleted):
                self.deleted += event.keys.column("id").to_pylist()
            yield event

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]

    def months(self) -> list[tuple[str, str]]:
        """First and last day of each read of lines."""
        return [(a["StartDate"], a["EndDate"]) for o, a in self.asked if o == "GetTransactionDetails"]

    def notes(self) -> set[str]:
        assert self.snapshot is not None
        return {note.code for note in self.snapshot.notes}

    def books(self) -> duckdb.DuckDBPyConnection:
        """What is landed, normalized."""
        assert self.snapshot is not None
        db = duckdb.connect()
        db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
        for name, path in self.snapshot.files.items():
            db.execute(f"CREATE VIEW landed.{name} AS FROM read_parquet('{path}')")
        self.connector.normalize(db)
        require_complete(db)
        return db


def balances(db: duckdb.DuckDBPyConnection) -> Balances:
    """(year, account) to opening and movement; what is zero is left out."""
    rows = db.execute(
        "SELECT fiscal_year, account, coalesce(sum(debit - credit) FILTER (period_kind = 'opening'), 0), "
        "coalesce(sum(debit - credit) FILTER (period_kind <> 'opening'), 0) FROM books.journal_lines GROUP BY ALL"
    ).fetchall()
    return {(year, account): (opening, moved) for year, account, opening, moved in rows if opening or moved}


def told(company: Company, first: str = "") -> Balances:
    found = {
        key: (row["opening"], row["debit"] - row["credit"])
        for key, row in company.balances().items()
        if key[0] >= first
    }
    return {key: value for key, value in found.items() if any(value)}


def line_of(sandbox: YukiSandbox, **wanted: Any) -> Line:
    """Some line with those attributes."""
    return next(line for line in sandbox.vendor.books.lines if all(getattr(line, k) == v for k, v in wanted.items()))
