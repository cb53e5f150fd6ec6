"""The views as a connector: one database for all dossiers, read whole when something in it changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from connectors.catalog import PACKAGES
from connectors.contract import Access, Cursor, DossierRef, Event, ExtractRequest, FiscalYear, NextCursor
from connectors.drop_folder.books_sql import normalize
from connectors.drop_folder.resources import BALANCES, RESOURCES
from connectors.drop_folder.workbench import Workbench
from connectors.sql_views import views
from connectors.sql_views.databases import Database, OdbcDatabase, sql_server
from connectors.sql_views.reader import PREFIX, ViewReader, Views, digest, years_of
from foundation.errors import BadFile, Busy, WrongInput

# Part of the cursor: a newer reader reads unchanged views again.
READER = 1
ATTEMPTS = 3  # while people book, what was read may not be of one moment
_SMALL = (views.DOSSIERS, views.FISCAL_YEARS, views.ACCOUNTS, views.JOURNALS, views.PARTIES, views.BALANCES)


class SqlViews:
    """Reads dossiers from a database; ``calls`` counts dossiers read. See :class:`connectors.contract.Connector`."""

    resources = RESOURCES

    def __init__(self, access: Access, *, database: Database | None = None) -> None:
        self._access = access
        self._views = Views(database or _database(access), access.settings.get("view_prefix") or PREFIX)
        package = PACKAGES.get(access.software)
        self._country = package.country if package else None
        self.calls = 0

    def verify(self) -> None:
        """The views that must be there can be read, and have the columns that they must have."""
        for view in (views.DOSSIERS, views.FISCAL_YEARS, views.ACCOUNTS, views.LINES):
            self._views.columns(view)

    def discover(self) -> Iterator[DossierRef]:
        rows = self._views.table(views.DOSSIERS, None).to_pylist()
        for row in sorted(rows, key=lambda row: row["code"]):
            yield DossierRef(
                external_id=row["code"],
                code=row["code"],
                name=row["name"] or row["code"],
                vat_number=row["vat_number"],
                currency=row["currency"],
                country=row["country"] or self._country,
            )

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        return years_of(self._views.table(views.FISCAL_YEARS, external_id), external_id)

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        """Reads the dossier whole, or answers that nothing changed since the cursor.

        Whether something changed is told by sums and by ``modified_at`` of the lines; without that column every sync
        reads everything. Raises BadFile for books that cannot be right, WrongInput for an unknown dossier, Busy where
        they change while they are read.
        """
        self.calls += 1
        state, told = self._state(request)
        if told and state == request.cursor:
            yield NextCursor(state, unchanged=True)
            return
        for _ in range(ATTEMPTS):
            with self._bench() as bench:
                self._read(bench, request)
                before, (state, told) = state, self._state(request)
                if before == state:
                    for resource in RESOURCES:
                        yield from bench.batches(resource)
                        self._access.report(resource.name, bench.row(f"SELECT count(*) FROM {resource.name}")[0])
                    yield from bench.notes
                    yield NextCursor(state if told else None)
                    return
        raise Busy("people book faster than the views are read", next_step="The nightly run tries again.")

    def _read(self, bench: Workbench, request: ExtractRequest) -> None:
        reader = ViewReader(bench, self._views, request.external_id)
        reader.describe(self._country)
        reader.read_ledger(reader.read_years(), request.since, totals_only=request.totals_only)
        if request.totals_only and not bench.row(f"SELECT count(*) FROM {BALANCES.name}")[0]:
            raise BadFile(
                "the database shows no trial balance, which is all that this link reads",
                next_step="Have the view of trial balances made, or link the dossier with its lines.",
            )

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)

    def close(self) -> None:
        """Each question has a connection of its own."""

    def _state(self, request: ExtractRequest) -> tuple[Cursor, bool]:
        """Everything on which the answer depends, and whether equal states mean equal books."""
        sums, told = self._views.sums(request.external_id)
        small = [self._views.table(view, request.external_id).to_pylist() for view in _SMALL]
        state = {
            "digest": digest([sums, [sorted(rows, key=repr) for rows in small]]),
            "since": request.since.isoformat() if request.since else None,
            "totals_only": request.totals_only,
            "reader": READER,
        }
        return state, told

    @contextmanager
    def _bench(self) -> Iterator[Workbench]:
        if self._access.scratch:
            self._access.scratch.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="views-", dir=self._access.scratch) as folder, Workbench(Path(folder)) as bench:
            yield bench


def _database(access: Access) -> Database:
    settings = access.settings
    user, password = settings.get("username"), access.secrets.get("password")
    if settings.get("odbc"):
        return OdbcDatabase(settings["odbc"], user, password)
    if not settings.get("database"):
        raise WrongInput("the connection has no setting 'database'", next_step="Give it with --set database=NAME.")
    return sql_server(settings["server"], settings["database"], user, password)
