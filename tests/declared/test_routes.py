"""The other way of each package: files for those that are called, Loop for Cegid. They keep the same contract."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from connectors.catalog import package
from connectors.declared.sandbox import open_loop
from connectors.drop_folder.sandbox import DropSandbox
from connectors.drop_folder.sandbox import open_sandbox as open_files
from connectors.package import Package
from connectors.sandbox.company import Company
from portal.demo import link_sandbox
from resources.house import House
from tests.contract import test_every_package as contract
from tests.contract.dossier import Linked, assert_tells, linked, told_by
from tests.installation import installed

ROUTES = {
    "horus": lambda told, folder: open_files("horus", told, folder),
    "wingsonline": lambda told, folder: open_files("wingsonline", told, folder),
    "cegid": open_loop,
}
KEPT: tuple[Callable[[Linked], None], ...] = (
    contract.test_a_full_sync_tells_the_company_to_the_cent,
    contract.test_the_dossier_s_facts_years_and_names_arrive,
    contract.test_every_posted_account_has_a_code_of_the_common_chart,
    contract.test_nothing_new_is_unchanged_and_later_changes_and_deletions_arrive,
    contract.test_nothing_passes_without_evidence,
    contract.test_what_was_deleted_is_in_no_total_and_stays_known,
    contract.test_from_landing_calls_no_vendor_and_gives_the_same_figures,
)


@contextmanager
def linked_by(slug: str, folder: Path) -> Iterator[Linked]:
    """The package's dossier, linked by its other way."""
    row, home = package(slug), installed(folder / "home")
    home.create()
    with ROUTES[slug](told_by(row), folder) as sandbox, House.open(home) as house:
        house.warehouse.create()
        yield Linked(row, house, sandbox, link_sandbox(house, row, sandbox))


@pytest.fixture
def dossier(slug: str, tmp_path: Path) -> Iterator[Linked]:
    with linked_by(slug, tmp_path) as found:
        yield found


@pytest.mark.parametrize("slug", ROUTES)
@pytest.mark.parametrize("keeps", KEPT, ids=[test.__name__.removeprefix("test_") for test in KEPT])
def test_it_keeps_the_contract(keeps: Callable[[Any], None], dossier: Linked) -> None:
    keeps(dossier)


@pytest.mark.parametrize("slug", ROUTES)
def test_from_a_date_takes_the_years_from_there_with_their_opening(dossier: Linked) -> None:
    since = date(2025, 1, 1)
    registry, link = dossier.house.registry, dossier.house.registry.link(dossier.dossier_id)
    registry.relink(link.dossier_id, link.connection_id, link.external_id, mode="from_date", transfer_date=since)
    for revision in (0, 1):
        dossier.sandbox.show(told_by(dossier.row, revision))
        outcome = dossier.sync()
        assert outcome.status == "synced", outcome.error
        assert_tells(dossier, told_by(dossier.row, revision), since)


class Spreadsheets(DropSandbox):
    """The same files, each saved as a spreadsheet."""

    def show(self, company: Company) -> None:
        super().show(company)
        for path in list(self.folder.rglob("*.csv")):
            separator = ";" if b";" in path.read_bytes().partition(b"\n")[0] else ","
            book = Workbook(write_only=True)
            sheet = book.create_sheet()
            with path.open(encoding="windows-1252", newline="") as stream:
                for row in csv.reader(stream, delimiter=separator):
                    sheet.append([cell(text) for text in row])
            book.save(path.with_suffix(".xlsx"))
            path.unlink()


def cell(text: str) -> str | float | date:
    """What a spreadsheet program makes of a text: amounts are numbers, and days are days."""
    if re.fullmatch(r"-?\d+[,.]\d\d", text):
        return float(text.replace(",", "."))
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return text


@contextmanager
def open_spreadsheets(row: Package, told: Company, folder: Path) -> Iterator[Spreadsheets]:
    with open_files(row.slug, told, folder) as files:
        found = Spreadsheets(files.root, row.slug, files.external_id, files.tells)
        found.show(told)
        yield found


@pytest.mark.parametrize("slug", ["horus", "wingsonline"])
def test_spreadsheets_in_the_root_tell_the_company_as_other_files_do(slug: str, tmp_path: Path) -> None:
    row = package(slug)
    with linked(row, tmp_path, opening=open_spreadsheets) as dossier:
        files = {path.suffix for path in dossier.sandbox.root.rglob("*.*")}  # type: ignore[attr-defined]
        assert files == {".xlsx"}
        contract.test_nothing_new_is_unchanged_and_later_changes_and_deletions_arrive(dossier)
        assert dossier.query("SELECT count(*) > 100 FROM ledger.journal_lines WHERE due_date IS NOT NULL") == [(True,)]


@pytest.mark.parametrize("slug", ["horus", "wingsonline"])
def test_files_may_follow_the_interface_under_one_connection(slug: str, tmp_path: Path) -> None:
    """A dossier moves from calls to files and back: both land the same tables, and each tells the company."""
    row = package(slug)
    with (
        linked(row, tmp_path) as dossier,
        open_files(slug, told_by(row), tmp_path / "files") as files,
    ):
        files.folder.rename(files.root / dossier.sandbox.external_id)
        assert dossier.sync().status == "synced"
        registry = dossier.house.registry
        connection = registry.connection(registry.link(dossier.dossier_id).connection_id)
        settings, secrets = dict(connection.settings), registry.secrets(connection.id)
        for given, called in (({**settings, **files.settings}, False), (settings, True)):
            registry.replace_secrets(connection.id, secrets, settings=given, keep_tokens=True)
            calls = dossier.sandbox.calls
            outcome = dossier.sync()
            assert outcome.status == "synced", outcome.error
            assert (dossier.sandbox.calls > calls) == called
            sums = "SELECT fiscal_year, account, sum(amount) FROM ledger.journal_lines WHERE period_kind <> 'closing' "
            found = dossier.query(f"{sums} GROUP BY ALL")
            expected = {key: balance["closing"] for key, balance in told_by(dossier.row).balances().items()}
            assert {(year, account): amount for year, account, amount in found} == expected
