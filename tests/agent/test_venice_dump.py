"""What Venice's SDK tells becomes files that are read as its books; nothing is read while they are written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from agent.venice_com import Sdk, dump_dossiers
from agent.venice_dump import dump, month_of
from connectors.catalog import package
from connectors.contract import Access, ExtractRequest, FiscalYear, NextCursor
from connectors.package import Package
from connectors.sandbox.company import Company, company
from connectors.venice import open_connector
from connectors.venice.sandbox import open_sandbox
from foundation.errors import BadFile, Busy, SignInAgain, VendorDown, WrongInput
from foundation.secrets import Secret
from resources.rooms import room_of
from tests.agent.venice_fake import FIRST, ComError, Constants, Dossier, Venice
from tests.contract.dossier import assert_tells, linked, told_by
from tests.landed import Clock, books
from tests.venice.landed import connect, read

ROW = package("venice")


class Dumped:
    """The files as a sandbox: what is shown is dumped again."""

    external_id = "ATELIER"
    left_behind: frozenset[str] = frozenset()
    calls = 0
    tells = frozenset({"period", "document", "description", "empty_accounts", "lasting_keys"})

    def __init__(self, root: Path, told: Company) -> None:
        self.root = root
        self.settings = {"root": str(root)}
        self.secrets: dict[str, str] = {}
        self.show(told)

    def show(self, company: Company) -> None:
        dump(Dossier(company), self.root / "ATELIER", FIRST)


@contextmanager
def dumped(row: Package, told: Company, folder: Path) -> Iterator[Dumped]:
    yield Dumped(folder / "root", told)


def test_what_is_dumped_is_synced_to_the_cent_with_its_changes(tmp_path: Path) -> None:
    with linked(ROW, tmp_path, opening=dumped) as dossier:
        for revision in (0, 1, 2):
            told = told_by(ROW, revision)
            dossier.sandbox.show(told)
            outcome = dossier.sync()
            assert outcome.status == "synced", outcome.error
            assert_tells(dossier, told)
        parties = dict(dossier.query("SELECT name, vat_number FROM ledger.counterparties"))
        assert {name: vat or "" for name, vat in parties.items()} == {p.name: p.vat_number for p in told.parties}
        again = dossier.sync()
        assert again.status == "unchanged", again.error


@pytest.fixture
def dossier() -> Dossier:
    return Dossier(company("BE"))


def test_carried_over_entries_are_left_out_and_amounts_are_whole_cents(dossier: Dossier, tmp_path: Path) -> None:
    entries = dossier.books.tables["ENT"]
    native = [row for row in entries if row["AccYearOrg"] == "0"]
    assert dump(dossier, tmp_path, FIRST) == len(native) < len(entries)
    lines = (tmp_path / "lines_2025.csv").read_text("utf-8").splitlines()
    assert lines[0] == "journal;document;line_no;date;period;account;description;amount"
    amounts = [line.rpartition(";")[2] for line in lines[1:]]
    assert amounts == [row["AmountDosC"] for row in native if row["BookDate"].startswith("2025")]


def test_cursors_are_left_at_their_first_record(dossier: Dossier, tmp_path: Path) -> None:
    dump(dossier, tmp_path, FIRST)
    assert len(dossier.cursors) == 6
    assert all(cursor.sought == [FIRST, FIRST] for cursor in dossier.cursors)


@pytest.mark.parametrize(("status", "error"), [(2, VendorDown), (161, Busy)])
def test_an_engine_that_stops_leaves_the_last_dump(
    dossier: Dossier, tmp_path: Path, status: int, error: type[Exception]
) -> None:
    dump(dossier, tmp_path, FIRST)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("lines_*.csv")}
    dossier.breaks_at, dossier.status = 3, status
    with pytest.raises(error):
        dump(dossier, tmp_path, FIRST)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("lines_*.csv")} == before


def test_a_dump_that_is_not_complete_is_not_read(dossier: Dossier, tmp_path: Path) -> None:
    dump(dossier, tmp_path / "ATELIER", FIRST)
    os.utime(tmp_path / "ATELIER" / "READY", (1, 1))  # the files are newer, as in the middle of the next dump
    connector = open_connector(Access("venice", {"root": str(tmp_path)}, {}, scratch=tmp_path))
    with pytest.raises(Busy):
        list(connector.extract(ExtractRequest("ATELIER")))
    dump(dossier, tmp_path / "ATELIER", FIRST)
    assert isinstance(list(connector.extract(ExtractRequest("ATELIER")))[-1], NextCursor)


def test_the_hub_makes_the_same_books_of_either_route_without_knowing_which(tmp_path: Path) -> None:
    """Where the service reads, the hub knows no more than what arrived."""
    told = company("BE")
    dump(Dossier(told), tmp_path / "ATELIER", FIRST)
    files = open_connector(Access("venice", {"root": str(tmp_path)}, {}, scratch=tmp_path))
    amounts = (
        "SELECT date, account, debit, credit, document, nullif(description, '') FROM books.journal_lines ORDER BY ALL"
    )
    hub = room_of(ROW)
    assert {resource.name for resource in hub.resources} == {resource.name for resource in files.resources}
    dumped = books(hub, read(files)).execute(amounts).fetchall()
    with open_sandbox(ROW.slug, told) as sandbox:
        asked = books(hub, read(connect(sandbox, Clock()))).execute(amounts).fetchall()
    assert dumped == asked
    assert len(asked) > 300


def test_a_year_that_was_removed_takes_its_file_along(dossier: Dossier, tmp_path: Path) -> None:
    dump(dossier, tmp_path, FIRST)
    del dossier.books.years["2024"]
    dump(dossier, tmp_path, FIRST)
    assert sorted(path.name for path in tmp_path.glob("lines_*.csv")) == ["lines_2025.csv", "lines_2026.csv"]


def test_a_text_of_several_lines_is_one_cell(dossier: Dossier, tmp_path: Path) -> None:
    dossier.books.tables["ENT"][0]["Remark"] = 'Rest "A";\r\nB\0'
    dump(dossier, tmp_path, FIRST)
    assert '"Rest ""A""; B "' in (tmp_path / "lines_2024.csv").read_text("utf-8")


def test_the_date_that_stands_for_none_is_no_booking_date(dossier: Dossier, tmp_path: Path) -> None:
    row = dossier.books.tables["ENT"][0]
    dossier.books.years["1899"] = FiscalYear("1899", date(1899, 12, 1), date(1899, 12, 31))
    row["BookDate"] = "1899-12-30"
    with pytest.raises(BadFile, match="no date"):
        dump(dossier, tmp_path, FIRST)


def test_months_are_counted_from_the_begin_of_an_extended_year() -> None:
    begin = date(2023, 7, 1)
    assert [month_of(day, begin) for day in (begin, date(2023, 12, 31), date(2024, 12, 31))] == [1, 6, 18]


@pytest.mark.skipif(sys.platform == "win32", reason="tells of other machines")
def test_elsewhere_than_under_windows_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="no Windows machine"):
        dump_dossiers("S:\\Kast1", [], tmp_path, "user", Secret("secret"))


def test_every_dossier_of_a_cabinet_is_dumped_and_one_in_trouble_stops_no_other(tmp_path: Path) -> None:
    dossiers = [Dossier(company("BE"), "ATELIER"), Dossier(company("BE"), "STUK"), Dossier(company("BE"), "BAKKER")]
    dossiers[1].breaks_at = 3
    venice = Venice({dossier.vDirectory: dossier for dossier in dossiers} | {"WEG": None}, "secret")
    sdk = Sdk(venice, Constants, ComError)
    found = dump_dossiers("S:\\Kast1", [], tmp_path, "user", Secret("secret"), lambda: sdk)
    assert found["ATELIER"] == found["BAKKER"] != 0
    assert isinstance(found["STUK"], VendorDown)
    assert isinstance(found["WEG"], VendorDown)
    assert venice.logged_on == ("10.50", "user")
    assert [path.name for path in sorted(tmp_path.glob("*")) if (path / "READY").exists()] == ["ATELIER", "BAKKER"]
    assert list(dump_dossiers("S:\\Kast1", ["BAKKER"], tmp_path, "user", Secret("secret"), lambda: sdk)) == ["BAKKER"]


def test_a_password_that_venice_refuses_is_told_without_it(tmp_path: Path) -> None:
    sdk = Sdk(Venice({}, "right"), Constants, ComError)
    with pytest.raises(SignInAgain) as refusal:
        dump_dossiers("S:\\Kast1", [], tmp_path, "user", Secret("wrong-one"), lambda: sdk)
    assert "wrong-one" not in str(refusal.value)
