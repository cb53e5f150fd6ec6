"""Reads BOB 50 dossiers from a data root of folders with Advantage tables, and never writes there.

The change cursor is a fingerprint of the files that a sync read: while they hold the same bytes nothing need be loaded
again; when one of them differs the dossier is read again. Deleted lines are those no longer there then.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from connectors import books
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear, NextCursor
from connectors.files import list_dossier_folders, resolve_dossier_folder
from connectors.sage_bob import inferred, tables
from connectors.sage_bob.dossier import Copies, find_table
from connectors.sage_bob.reading import Options, Reading
from foundation.errors import Busy, WrongInput


class SageBob:
    """A data root; see :class:`connectors.contract.Connector`. ``calls`` stays 0: files are not called."""

    resources = tables.RESOURCES

    def __init__(self, access: Access) -> None:
        self.calls = 0
        self._scratch_root = access.scratch
        currency = (access.settings.get("currency") or inferred.BASE_CURRENCY).upper()
        if not re.fullmatch("[A-Z]{3}", currency):
            raise WrongInput(f"currency is {currency!r}", next_step="Give three letters, such as --set currency=EUR.")
        self._options = Options(
            root=Path(access.setting("root")),
            language=int(_choice(access, "language", "1", "2")),
            currency=currency,
            country=_choice(access, "country", "BE", "LU"),
            temporary=_choice(access, "temporary", "yes", "no") == "yes",
            sleep=access.sleep or time.sleep,
            report=access.report,
        )

    def verify(self) -> None:
        list_dossier_folders(self._options.root)

    def discover(self) -> Iterator[DossierRef]:
        """The folders that hold a chart of accounts; no table is known that tells a dossier's name."""
        for folder in self.folders():
            try:
                found = self.dossier_in(folder)
            except Busy:  # one folder that cannot be read now must not hide the others
                continue
            if found:
                yield found

    def folders(self) -> list[Path]:
        return list_dossier_folders(self._options.root)

    def dossier_in(self, folder: Path) -> DossierRef | None:
        if not find_table(folder, "ac_accoun"):
            return None
        return DossierRef(folder.name, folder.name, folder.name, None, self._options.currency, self._options.country)

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        folder, wanted = resolve_dossier_folder(self._options.root, external_id), ("ac_period",)
        with self._scratch() as scratch:
            copies = Copies(folder, scratch, wanted, wanted, sleep=self._options.sleep)
            return [year.fiscal_year for year in copies.book_years()]

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        if request.totals_only:
            raise WrongInput(
                "BOB keeps no trial balance to read", next_step="Link the dossier with --replace or --from."
            )
        folder = resolve_dossier_folder(self._options.root, request.external_id)
        with self._scratch() as scratch:
            reading = Reading(self._options, folder, request.since, scratch)
            if request.cursor == reading.cursor:
                yield NextCursor(request.cursor, unchanged=True)
            else:
                yield from reading.events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        db.execute(files("connectors.sage_bob").joinpath("normalize.sql").read_text("utf-8"))
        books.create_empty(db, "trial_balances")

    def close(self) -> None:
        """Nothing is kept open between calls."""

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """A folder for copies that is gone afterwards."""
        if self._scratch_root:
            self._scratch_root.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="sage-bob-", dir=self._scratch_root) as folder:
            yield Path(folder)


def _choice(access: Access, name: str, *allowed: str) -> str:
    """The setting ``name``; the first of ``allowed`` when it is not given."""
    value = access.settings.get(name) or allowed[0]
    if value not in allowed:
        raise WrongInput(f"{name} is {value!r}", next_step=f"Give --set {name}={' or '.join(allowed)}.")
    return value
