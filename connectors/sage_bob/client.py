"""Reads BOB 50 dossiers from folders with Advantage tables, or from a Firebird server, and never writes there.

The change cursor is the state of the tables that a sync read, for files a fingerprint: while it is the same nothing
need be loaded again; when one of them differs the dossier is read again. Deleted lines are those no longer there then.
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
from connectors.sage_bob import inferred, tables
from connectors.sage_bob.places import Folders, Place, place
from connectors.sage_bob.reading import Options, Reading
from foundation.errors import WrongInput


class SageBob:
    """One place of dossiers; see :class:`connectors.contract.Connector`. ``calls`` counts databases opened."""

    resources = tables.RESOURCES

    def __init__(self, access: Access, where: Place) -> None:
        self._scratch_root = access.scratch
        currency = (access.settings.get("currency") or inferred.BASE_CURRENCY).upper()
        if not re.fullmatch("[A-Z]{3}", currency):
            raise WrongInput(f"currency is {currency!r}", next_step="Give three letters, such as --set currency=EUR.")
        self._place = where
        self._options = Options(
            language=int(_choice(access, "language", "1", "2")),
            currency=currency,
            country=_choice(access, "country", "BE", "LU"),
            temporary=_choice(access, "temporary", "yes", "no") == "yes",
            report=access.report,
        )

    @property
    def calls(self) -> int:
        return self._place.calls

    def verify(self) -> None:
        self._place.verify()

    def discover(self) -> Iterator[DossierRef]:
        """The dossiers that hold a chart of accounts; no table is known that tells a dossier's name."""
        return map(self._ref, self._place.names())

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        wanted = ("ac_period",)
        with self._scratch() as scratch, self._place.opened(external_id, scratch, wanted, wanted) as dossier:
            return [year.fiscal_year for year in dossier.book_years()]

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        if request.totals_only:
            raise WrongInput(
                "BOB keeps no trial balance to read", next_step="Link the dossier with --replace or --from."
            )
        with self._scratch() as scratch, self._place.opened(request.external_id, scratch) as dossier:
            reading = Reading(self._options, dossier, request.since, scratch)
            if request.cursor and request.cursor == reading.cursor:
                yield NextCursor(request.cursor, unchanged=True)
            else:
                yield from reading.events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        db.execute(files("connectors.sage_bob").joinpath("normalize.sql").read_text("utf-8"))
        books.create_empty(db, "trial_balances")

    def close(self) -> None:
        """Nothing is kept open between calls."""

    def _ref(self, name: str) -> DossierRef:
        return DossierRef(name, name, name, None, self._options.currency, self._options.country)

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """A folder for copies that is gone afterwards."""
        if self._scratch_root:
            self._scratch_root.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="sage-bob-", dir=self._scratch_root) as folder:
            yield Path(folder)


class SageBobFolders(SageBob):
    """A data root of folders; see :class:`connectors.files.ByFolder`."""

    def __init__(self, access: Access, where: Folders) -> None:
        super().__init__(access, where)
        self._folders = where

    def folders(self) -> list[Path]:
        return self._folders.folders()

    def dossier_in(self, folder: Path) -> DossierRef | None:
        return self._ref(folder.name) if self._folders.holds(folder) else None


def open_room(access: Access) -> SageBob:
    """The connector for the place that the settings name. Raises WrongInput for settings that do not go together."""
    where = place(access, access.sleep or time.sleep)
    return SageBobFolders(access, where) if isinstance(where, Folders) else SageBob(access, where)


def _choice(access: Access, name: str, *allowed: str) -> str:
    """The setting ``name``; the first of ``allowed`` when it is not given."""
    value = access.settings.get(name) or allowed[0]
    if value not in allowed:
        raise WrongInput(f"{name} is {value!r}", next_step=f"Give --set {name}={' or '.join(allowed)}.")
    return value
