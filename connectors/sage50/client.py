"""Reads Sage 50 companies from a root of folders, and never writes there.

UK and Irish companies: exported tables, or Sage's own ODBC driver. French ones: FEC, XIMPORT or RIMPORT, read as the
drop folder reads them. The change cursor is a fingerprint of the files read; through ODBC everything is read at every
sync.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from connectors.contract import Access, Batch, DossierRef, Event, ExtractRequest, FiscalYear, NextCursor
from connectors.drop_folder import resources as french
from connectors.drop_folder.books_sql import normalize as normalize_french
from connectors.drop_folder.client import DropFolder
from connectors.files import list_dossier_folders, resolve_dossier_folder
from connectors.sage50 import tables
from connectors.sage50.dossier import Contents, CsvSource, OdbcSource, Source, company_of, look_into, require
from connectors.sage50.odbc import Connect, connection_string, open_with_pyodbc
from connectors.sage50.reading import Reading
from foundation.errors import BadFile, Busy, GrandlivreError, WrongInput


class Sage50:
    """A root of company folders; see :class:`connectors.contract.Connector`. ``calls`` counts ODBC connections.

    ``connect`` opens an ODBC connection; tests give another database that holds the same tables.
    """

    resources = tables.RESOURCES

    def __init__(self, access: Access, connect: Connect = open_with_pyodbc) -> None:
        self.calls = 0
        self._access, self._connect = access, connect
        self._root = Path(access.setting("root"))
        self._sleep = access.sleep or time.sleep
        self._french = DropFolder(access)

    def verify(self) -> None:
        list_dossier_folders(self._root)

    def discover(self) -> Iterator[DossierRef]:
        """Every folder that holds a company, named as it names itself where that costs no connection."""
        yield from filter(None, map(self.dossier_in, self.folders()))

    def folders(self) -> list[Path]:
        return list_dossier_folders(self._root)

    def dossier_in(self, folder: Path) -> DossierRef | None:
        """What ``discover`` tells of one folder; of one with a fault its own name."""
        try:
            contents = look_into(folder)
        except (BadFile, Busy):  # one bad folder must not hide the others; a sync of it says what is wrong
            return DossierRef(folder.name, folder.name, folder.name)
        if contents is None:
            return None
        return self._french.dossier_in(folder) if contents.form == "french" else self._reference(contents)

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        contents = require(resolve_dossier_folder(self._root, external_id))
        if contents.form == "french":
            return self._french.fiscal_years(external_id)
        with _about(external_id), self._source(contents) as source:
            return Reading(source, external_id, None, self._access.report).years()

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        contents = require(resolve_dossier_folder(self._root, request.external_id))
        if contents.form == "french":
            yield from self._french_events(request)
            return
        if request.totals_only:
            raise WrongInput("Sage 50 tells balances of one year only", next_step="Link it with --replace or --from.")
        with _about(request.external_id), self._source(contents) as source:
            reading = Reading(source, request.external_id, request.since, self._access.report)
            if request.cursor and request.cursor == reading.cursor:
                yield NextCursor(request.cursor, unchanged=True)
            else:
                yield from reading.events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        if db.execute(f"SELECT count(*) FROM landed.{french.DOSSIER.name}").fetchall()[0][0]:
            normalize_french(db)
        else:
            db.execute(files("connectors.sage50").joinpath("normalize.sql").read_text("utf-8"))

    def close(self) -> None:
        """Nothing is kept open between calls."""

    def _french_events(self, request: ExtractRequest) -> Iterator[Event]:
        events = self._french.extract(request)
        first = next(events)
        if not isinstance(first, NextCursor):  # something changed, so that everything is told
            yield from (Batch(resource.name, resource.schema.empty_table()) for resource in tables.RESOURCES)
        yield first
        yield from events

    @contextmanager
    def _source(self, contents: Contents) -> Iterator[Source]:
        if self._access.scratch:
            self._access.scratch.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="sage50-", dir=self._access.scratch) as scratch:
            opened = self._opened(contents, Path(scratch))
            try:
                yield opened
            finally:
                opened.close()

    def _opened(self, contents: Contents, scratch: Path) -> Source:
        if contents.form == "csv":
            return CsvSource(contents, scratch, sleep=self._sleep)
        driver, settings = self._access.settings.get("odbc_driver"), self._access.settings
        if not driver:
            raise WrongInput(
                f"{contents.folder.name} holds no export, and no ODBC driver is set",
                next_step="Give --set odbc_driver='Sage Line 50 v29' (your version) and --set username=USER, or export "
                "the audit trail as CSV into the folder.",
            )
        data = next(path for path in contents.folder.iterdir() if path.name.upper() == "ACCDATA")
        self.calls += 1
        password = self._access.secrets.get("password")
        return OdbcSource(self._connect(connection_string(driver, str(data), settings.get("username") or "", password)))

    def _reference(self, contents: Contents) -> DossierRef:
        name = contents.folder.name
        if contents.form == "odbc":
            return DossierRef(name, name, name)
        try:
            with self._source(Contents(contents.folder, "csv", _only(contents, "company", "currency"))) as source:
                company = company_of(source)
        except GrandlivreError:
            return DossierRef(name, name, name)
        country = company["country_code"]
        return DossierRef(name, name, company["name"] or name, company["vat_reg_number"], None, country)


def _only(contents: Contents, *names: str) -> dict[str, Path]:
    return {name: path for name, path in contents.files.items() if name in names}


@contextmanager
def _about(folder: str) -> Iterator[None]:
    """Errors name the company's folder where they name no file."""
    try:
        yield
    except GrandlivreError as error:
        raise (error if error.subject else error.about(folder)) from None
