from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connectors import books
from connectors.sandbox.company import Company, company
from foundation.secrets import Secret
from tests.installation import empty_warehouse
from tests.warehouse.told import tell
from warehouse.bench import MappingRule, Override, Trust, Workbench, refuse_failed
from warehouse.contract import DossierFacts, Loaded, LoadRecord, Store
from warehouse.postgres.store import PostgresWarehouse
from warehouse.remembered import Remembered
from warehouse.standing import Standing
from warehouse.store import Warehouse

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@contextmanager
def prepared(
    folder: Path,
    told: Company,
    *,
    overrides: tuple[Override, ...] = (),
    rules: tuple[MappingRule, ...] = (),
    since: date | None = None,
    standing: Standing | None = None,
    spoil: Callable[[Workbench], None] = lambda bench: None,
    balances: bool = True,
    totals: bool = False,
    before: Remembered | None = None,
) -> Iterator[Workbench]:
    """A workbench with the company's books prepared; ``spoil`` changes schema books before that."""
    with Workbench(folder) as bench:
        tell(bench.db, told, package_balances=balances)
        spoil(bench)
        books.require_complete(bench.db)
        kept = standing.kept if standing else None
        bench.prepare(
            country=told.country,
            overrides=overrides,
            rules=rules,
            since=since,
            kept=kept,
            totals=totals,
            before=before,
        )
        yield bench


class Ledger:
    """A warehouse and the way from a company to it."""

    def __init__(self, folder: Path, store: Store | None = None) -> None:
        self.folder = folder
        self.store = store or Warehouse(folder / "warehouse")
        self.store.create()

    def load(
        self,
        told: Company,
        *,
        dossier: str = "d1",
        sync: str = "s1",
        since: date | None = None,
        overrides: tuple[Override, ...] = (),
        rules: tuple[MappingRule, ...] = (),
        moment: datetime = NOON,
        cause: str = "package",
        link: str = "link",
        totals: bool = False,
        spoil: Callable[[Workbench], None] = lambda bench: None,
        trust: Trust | None = None,
    ) -> Loaded:
        standing = self.store.standing(dossier, keep_before=since)
        with prepared(
            self.folder / "scratch",
            told,
            overrides=overrides,
            rules=rules,
            since=since,
            standing=standing,
            spoil=spoil,
            totals=totals,
            before=self.store.remembered(dossier),
        ) as bench:
            refuse_failed(bench.check(trust or Trust(), cause))
            mode = "totals" if totals else "from_date" if since else "replace"
            facts = DossierFacts(
                dossier, "firm", link, "connection", "winbooks", "EXT", told.name, told.code, told.country, "EUR",
                told.vat_number, mode, since,
            )  # fmt: skip
            record = LoadRecord(sync, sync, {"n": 1}, "", "manual", moment, moment, len(told.lines), 3, cause=cause)
            loaded = self.store.load(bench, facts, record)
        self.store.publish()
        return loaded

    def rows(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        with self.store.reader() as db:
            return db.execute(sql, list(parameters)).fetchall()


@pytest.fixture(params=["duckdb", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty warehouse, kept in each of the two ways."""
    if request.param == "duckdb":
        opened: Store = Warehouse(empty_warehouse(tmp_path / "warehouse"))
    else:
        opened = PostgresWarehouse(Secret(request.getfixturevalue("postgres").database()))
    yield opened
    opened.close()


@pytest.fixture
def ledger(tmp_path: Path, store: Store) -> Ledger:
    return Ledger(tmp_path, store)


@pytest.fixture(params=["BE", "FR", "NL"])
def told(request: pytest.FixtureRequest) -> Company:
    return company(request.param)
