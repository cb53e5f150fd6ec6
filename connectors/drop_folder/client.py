"""The drop folder as a connector: one subfolder of the root per dossier, read whole when a file in it changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from lxml import etree

from connectors.catalog import PACKAGES
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear, NextCursor
from connectors.drop_folder.books_sql import normalize
from connectors.drop_folder.dossier import french_vat
from connectors.drop_folder.folder import Contents, look_into
from connectors.drop_folder.profiles import adjusted, profile
from connectors.drop_folder.reader import FolderReader
from connectors.drop_folder.resources import BALANCES, LINES, RESOURCES
from connectors.drop_folder.settings import identity, read_settings
from connectors.drop_folder.workbench import Workbench
from connectors.drop_folder.xaf_heading import read_company
from connectors.files import fingerprint, list_dossier_folders, resolve_dossier_folder, snapshot_set
from foundation.errors import BadFile, Busy, FixTheData, GrandlivreError

# Part of the cursor: a newer reader reads unchanged files again.
READER = 1


class DropFolder:
    """Reads dossiers from files; ``calls`` counts files copied. See :class:`connectors.contract.Connector`."""

    resources = RESOURCES

    def __init__(self, access: Access) -> None:
        self._access = access
        self._root = Path(access.setting("root"))
        self._profile = profile(access.software)
        package = PACKAGES.get(access.software)
        self._country = package.country if package else None
        self.calls = 0

    def verify(self) -> None:
        """The root can be listed."""
        list_dossier_folders(self._root)

    def discover(self) -> Iterator[DossierRef]:
        """Every subfolder that holds a ledger, by name; a folder with a fault is listed under its own name."""
        yield from filter(None, map(self.dossier_in, self.folders()))

    def folders(self) -> list[Path]:
        return list_dossier_folders(self._root)

    def dossier_in(self, folder: Path) -> DossierRef | None:
        """What ``discover`` tells of one folder."""
        try:
            contents = look_into(folder)
        except (FixTheData, Busy):
            return DossierRef(folder.name, folder.name, folder.name)
        return self._reference(contents) if contents.readable else None

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        folder = resolve_dossier_folder(self._root, external_id)
        with _about(folder), self._opened(folder) as (reader, _):
            return reader.read_years()

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        """Reads the folder whole, or answers that no file changed since the cursor.

        Raises BadFile for files that cannot be right, Busy while they are written, WrongInput for an unknown folder.
        """
        folder = resolve_dossier_folder(self._root, request.external_id)
        with _about(folder):
            contents = look_into(folder)
            contents.require_ready()
            cursor = _cursor(request, fingerprint(contents.paths(), contents.name_of))
            if cursor == request.cursor:
                yield NextCursor(cursor, unchanged=True)
                return
            with self._opened(folder) as (reader, mark):
                yield from self._events(reader, request)
            yield NextCursor(_cursor(request, mark))

    def _events(self, reader: FolderReader, request: ExtractRequest) -> Iterator[Event]:
        bench, ignored = reader.bench, reader.contents.ignored
        reader.read_years()
        condition = reader.read_ledger(request.since, totals_only=request.totals_only)
        reader.describe(self._country)
        if request.totals_only and not bench.row(f"SELECT count(*) FROM {BALANCES.name}")[0]:
            raise BadFile(
                "the folder holds no trial balance, which is all that this link reads",
                next_step="Put trial_balance_<year>.csv there, or link the dossier with its lines.",
            )
        if ignored:
            bench.note("files_ignored", f"files that are not part of a ledger: {', '.join(ignored[:5])}", len(ignored))
        for resource in RESOURCES:
            yield from bench.batches(resource, condition if resource is LINES else "true")
            self._access.report(resource.name, bench.row(f"SELECT count(*) FROM {resource.name}")[0])
        yield from bench.notes

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)

    def close(self) -> None:
        """Nothing is kept open."""

    @contextmanager
    def _opened(self, folder: Path) -> Iterator[tuple[FolderReader, str]]:
        """A reader on copies of one moment, and the copies' fingerprint."""
        with TemporaryDirectory(prefix="drop-", dir=self._access.scratch) as scratch:
            contents = self._copied(folder, Path(scratch) / "files" / folder.name)
            settings = read_settings(contents.single.get("dossier"), self._profile)
            with Workbench(Path(scratch)) as bench:
                yield (
                    FolderReader(bench, contents, adjusted(self._profile, settings), settings),
                    fingerprint(contents.paths()),
                )

    def _copied(self, folder: Path, target: Path) -> Contents:
        before = look_into(folder)
        before.require_ready()
        paths = list(before.paths())
        snapshot_set(paths, target, sleep=self._access.sleep or time.sleep, name=before.name_of)
        self.calls += len(paths)
        after = look_into(folder)
        after.require_ready()
        if sorted(after.paths()) != sorted(paths):
            raise Busy(
                "files came or went while the folder was read",
                subject=folder.name,
                next_step="Let the export end with writing a file READY; the nightly tries again.",
            )
        return before.moved_to(target)

    def _reference(self, contents: Contents) -> DossierRef:
        name = contents.folder.name
        try:
            told = identity(read_settings(contents.single.get("dossier"), self._profile))
            if contents.xaf and not told["name"]:
                found = read_company(contents.xaf[-1])
                told["name"] = found.company.get("companyname")
                told["vat_number"] = told["vat_number"] or found.company.get("taxregident")
                told["country"] = told["country"] or found.company.get("taxregistrationcountry")
                told["currency"] = told["currency"] or found.header.get("curcode")
        except (FixTheData, OSError, etree.XMLSyntaxError):
            # A fault in one folder must not hide the others; the sync of this one will say what it is.
            return DossierRef(name, name, name)
        siren = next((file.siren for file in contents.fec if file.siren), None)
        return DossierRef(
            external_id=name,
            code=told["code"] or name,
            name=told["name"] or name,
            vat_number=told["vat_number"] or (french_vat(siren) if siren else None),
            currency=told["currency"],
            country=told["country"] or ("FR" if contents.fec else self._country),
        )


@contextmanager
def _about(folder: Path) -> Iterator[None]:
    """Errors name the dossier's folder where they name no file."""
    try:
        yield
    except GrandlivreError as error:
        raise (error if error.subject else error.about(folder.name)) from None


def _cursor(request: ExtractRequest, mark: str) -> dict[str, Any]:
    """Everything on which the answer depends: the files, what was asked, and who reads."""
    return {
        "fingerprint": mark,
        "since": request.since.isoformat() if request.since else None,
        "totals_only": request.totals_only,
        "reader": READER,
    }
