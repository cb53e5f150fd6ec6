"""Reads a sandbox sync by sync into a real landing, and what is landed into the books, without a warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from connectors.books import require_complete
from connectors.contract import Event, ExtractRequest
from connectors.sandbox.company import Company
from foundation.errors import GrandlivreError
from resources.landing import Landing, Snapshot
from warehouse.bench import Workbench


@dataclass
class Reader:
    """Syncs of one dossier through ``connector``, landed below ``folder``."""

    connector: Any
    folder: Path
    external_id: str
    snapshots: list[Snapshot] = field(default_factory=list)

    def read(self, *, afresh: bool = False, **request: Any) -> Snapshot:
        """One sync, from the cursor of the one before unless ``afresh``, and from what is kept of one cut short."""
        before = self.snapshots[-1] if self.snapshots and not afresh else None
        resources, number = self.connector.resources, str(len(self.snapshots))
        kept = self.landing.kept("package", "d", "link", resources, work=self.work)
        wanted = ExtractRequest(self.external_id, cursor=before and before.cursor, resume=kept.resume, **request)
        events = self.heard(self.connector.extract(wanted))
        found = self.landing.land("package", "d", number, resources, events, work=self.work, previous=before, kept=kept)
        self.snapshots.append(found)
        return found

    def heard(self, events: Iterator[Event]) -> Iterator[Event]:
        """What comes on its way to the landing."""
        return events

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

    def codes(self) -> set[str]:
        return {note.code for note in self.snapshots[-1].notes}

    def sums(self) -> dict[str, Decimal]:
        """Account to the sum of its lines; zero ones left out."""
        found = self.rows("SELECT account, sum(debit - credit) FROM books.journal_lines GROUP BY 1")
        return {account: amount for account, amount in found if amount}

    def count(self) -> int:
        return int(self.rows("SELECT count(*) FROM books.journal_lines")[0][0])


def booked(company: Company) -> list[Any]:
    """The lines of a company that is told neither closing entries nor later openings."""
    first = company.years[0].label
    return [line for line in company.lines if line.kind == "normal" or (line.kind == "opening" and line.year == first)]


def company_sums(company: Company) -> dict[str, Decimal]:
    """Account to the sum of the lines of such a company; zero ones left out."""
    found: dict[str, Decimal] = {}
    for line in booked(company):
        found[line.account] = found.get(line.account, Decimal(0)) + line.amount
    return {account: amount for account, amount in found.items() if amount}
