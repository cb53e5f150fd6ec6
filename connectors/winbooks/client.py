"""Reads WinBooks dossiers from a data root of folders with DBF files, and never writes there.

The change cursor is a fingerprint of the files that a sync read: while they hold the same bytes nothing need be
loaded again; when one of them differs the dossier is read again. Deleted lines are those no longer there then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from connectors import books
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear, NextCursor
from connectors.files import list_dossier_folders
from connectors.winbooks import inferred, tables
from connectors.winbooks.copies import Copies
from connectors.winbooks.dossier import Parameters, dossier_folder, dossier_folders, find_table, parse_path_map
from connectors.winbooks.reading import Options, Reading
from foundation.errors import BadFile, Busy, WrongInput


class WinBooks:
    """A data root; see :class:`connectors.contract.Connector`. ``calls`` stays 0: files are not called."""

    resources = tables.RESOURCES

    def __init__(self, access: Access) -> None:
        self.calls = 0
        self._scratch_root = access.scratch
        self._options = Options(
            root=Path(access.setting("root")),
            language=int(_choice(access, "language", "1", "2")),
            simulations=_choice(access, "simulations", "no", "yes") == "yes",
            path_map=parse_path_map(access.settings.get("path_map") or ""),
            sleep=access.sleep or time.sleep,
            report=access.report,
        )

    def verify(self) -> None:
        list_dossier_folders(self._options.root)

    def discover(self) -> Iterator[DossierRef]:
        """The folders whose parameter table opens and names a company, and that have a chart of accounts."""
        for folder in self.folders():
            try:
                found = self.dossier_in(folder)
            except (BadFile, Busy):  # one bad folder must not hide the others; a sync of it says what is wrong
                continue
            if found:
                yield found

    def folders(self) -> list[Path]:
        return dossier_folders(self._options.root)

    def dossier_in(self, folder: Path) -> DossierRef | None:
        if not all(find_table(folder, folder.name, table) for table in ("param", "acf")):
            return None
        parameters = self._parameters(folder)
        return parameters.dossier(folder.name) if parameters.company_name else None

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        parameters = self._parameters(dossier_folder(self._options.root, external_id))
        return [year.fiscal_year for year in parameters.book_years()]

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        if request.totals_only:
            raise WrongInput(
                "WinBooks keeps no trial balance to read", next_step="Link the dossier with --replace or --from."
            )
        folder = dossier_folder(self._options.root, request.external_id)
        with self._scratch() as scratch:
            reading = Reading(self._options, folder, request.since, scratch)
            if request.cursor and reading.equals(request.cursor):
                yield NextCursor(request.cursor, unchanged=True)
            else:
                yield from reading.events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        countries = list(inferred.COUNTRIES), list(inferred.COUNTRIES.values())
        db.execute("SET VARIABLE winbooks_countries = map(?, ?)", countries)
        db.execute("SET VARIABLE winbooks_provisional_result = ?", [inferred.PROVISIONAL_RESULT])
        db.execute(files("connectors.winbooks").joinpath("normalize.sql").read_text("utf-8"))
        books.create_empty(db, "trial_balances")

    def close(self) -> None:
        """Nothing is kept open between calls."""

    def _parameters(self, folder: Path) -> Parameters:
        with self._scratch() as scratch:
            wanted = ("param",)
            copies = Copies(folder, folder.name, wanted, scratch, required=wanted, sleep=self._options.sleep)
            return copies.parameters()

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """A folder for copies that is gone afterwards."""
        if self._scratch_root:
            self._scratch_root.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="winbooks-", dir=self._scratch_root) as folder:
            yield Path(folder)


def _choice(access: Access, name: str, *allowed: str) -> str:
    """The setting ``name``; the first of ``allowed`` when it is not given."""
    value = access.settings.get(name) or allowed[0]
    if value not in allowed:
        raise WrongInput(f"{name} is {value!r}", next_step=f"Give --set {name}={' or '.join(allowed)}.")
    return value
