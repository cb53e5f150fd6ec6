"""Spreadsheets in place of CSV: what is read, formulas that are never evaluated, files that are refused."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from connectors.drop_folder import spreadsheet
from foundation.errors import BadFile
from tests.drop_folder.folders import YEARS, Read, fill, read

HEADINGS = ("Dagboek", "Stuk", "Datum", "Rekening", "Naam rekening", "Debet", "Credit")
ROWS: list[tuple[Any, ...]] = [
    ("VEN", 12, date(2024, 2, 15), 400000, "Klanten", 121, None),
    ("VEN", 12, date(2024, 2, 15), 700000, "Omzet", None, 100),
    ("VEN", 12, date(2024, 2, 15), "451000", "Btw", None, Decimal("21.00")),
]


def book(rows: Iterable[Sequence[Any]], *, others: Sequence[str] = (), hidden: str = "") -> bytes:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    if hidden:
        sheet.title, sheet.sheet_state = hidden, "hidden"
        sheet = made.create_sheet("Grootboek")
    for row in rows:
        sheet.append(list(row))
    for name in others:
        made.create_sheet(name)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def ledger(folder: Path, content: bytes, **more: str | bytes) -> Read:
    return read(fill(folder / "0123", {"fiscal_years.csv": YEARS, "lines_2024.xlsx": content, **more}))


def changed(content: bytes, **parts: bytes) -> bytes:
    """The same spreadsheet with parts added or replaced; ``__`` in a name stands for ``/``."""
    replaced = {name.replace("__", "/") + ".xml": data for name, data in parts.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, replaced.pop(name, None) or before.read(name))
        for name, data in replaced.items():
            after.writestr(name, data)
    return out.getvalue()


def test_a_ledger_is_read_with_its_title_numbers_and_dates(tmp_path: Path) -> None:
    found = ledger(
        tmp_path, book([("Grootboek 2024",), (), HEADINGS, *ROWS, (None, None, None, None, "Totaal", 121, 121)])
    )
    assert found.rows("SELECT account, date, debit, credit, document FROM books.journal_lines ORDER BY account") == [
        ("400000", date(2024, 2, 15), Decimal(121), Decimal(0), "12"),
        ("451000", date(2024, 2, 15), Decimal(0), Decimal(21), "12"),
        ("700000", date(2024, 2, 15), Decimal(0), Decimal(100), "12"),
    ]
    assert found.notes == {"subtotals_skipped": 1}


@given(amounts=st.lists(st.decimals("0.01", "9999999.99", places=2), min_size=1, max_size=40))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_binary_numbers_are_the_amounts_that_people_typed(
    amounts: list[Decimal], tmp_path_factory: pytest.TempPathFactory
) -> None:
    day = datetime(2024, 3, 1)
    rows = [("OD", n, day, "613000", "Kosten", float(amount), None) for n, amount in enumerate(amounts)]
    rows += [("OD", n, day, "440000", "Leveranciers", None, float(amount)) for n, amount in enumerate(amounts)]
    found = ledger(tmp_path_factory.mktemp("typed"), book([HEADINGS, *rows]))
    told = found.rows("SELECT debit FROM books.journal_lines WHERE account = '613000'")
    assert sorted(debit for (debit,) in told) == sorted(amounts)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.1 + 0.2, "0.30"), (1.234, "1.2340"), (1e15, "1000000000000000"), (-0.5, "-0.50"), (400000.0, "400000")],
)
def test_a_number_keeps_the_digits_that_a_spreadsheet_shows(number: float, text: str) -> None:
    assert spreadsheet._number(number) == text


def test_every_file_of_the_contract_may_be_a_spreadsheet(tmp_path: Path) -> None:
    files = {
        "dossier.xlsx": book([("key", "value"), ("name", "Café Zuid"), ("code", 1042)]),
        "fiscal_years.xlsx": book([("label", "start_date", "end_date"), (2024, date(2024, 1, 1), date(2024, 12, 31))]),
        "accounts.xlsx": book([("number", "name"), (700000, "Verkopen"), (400000, "Klanten"), (451000, "Btw")]),
        "lines_2024.xlsx": book([HEADINGS, *ROWS]),
        "trial_balance_2024.xlsx": book(
            [
                ("account", "debit", "credit", "closing"),
                (400000, 121, 0, 121),
                (700000, 0, 100, -100),
                (451000, 0, 21, -21),
            ]
        ),
    }
    found = read(fill(tmp_path / "0123", files))
    assert found.rows("SELECT name, code FROM books.dossier") == [("Café Zuid", "1042")]
    assert found.value("SELECT name FROM books.accounts WHERE number = '700000'") == "Verkopen"
    assert found.value("SELECT closing FROM books.trial_balances WHERE account = '451000'") == Decimal(-21)


def test_the_first_sheet_that_is_shown_counts(tmp_path: Path) -> None:
    found = ledger(tmp_path, book([HEADINGS, *ROWS], hidden="Parameters", others=["Draaitabel"]))
    assert found.value("SELECT count(*) FROM books.journal_lines") == 3
    assert found.notes == {"sheets_ignored": 1}


def test_formulas_are_not_evaluated(tmp_path: Path) -> None:
    formula = [*ROWS[:2], (*ROWS[2][:6], "=121-100")]
    with pytest.raises(BadFile, match="row 4: the formula in cell G4 has no value"):
        ledger(tmp_path / "bare", book([HEADINGS, *formula]))
    content = book([HEADINGS, *formula])
    name = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        told = packed.read(name)
    # As a spreadsheet program saves it, with the value that it worked out; a wrong one shows that nothing is computed.
    saved = re.sub(rb"<f>121-100</f><v\s*/>|<f>121-100</f><v></v>", b"<f>121-100</f><v>21.000000000000004</v>", told)
    assert saved != told
    found = ledger(tmp_path / "saved", changed(content, xl__worksheets__sheet1=saved))
    assert found.value("SELECT credit FROM books.journal_lines WHERE account = '451000'") == Decimal(21)


def test_bombs_and_document_types_are_refused_before_they_are_opened(tmp_path: Path) -> None:
    good = book([HEADINGS, *ROWS])
    for number, (content, cause) in enumerate(
        [
            (changed(good, xl__media__big=b"\0" * (20 << 20)), "far larger than any ledger"),
            (
                changed(good, xl__evil=b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
                "declares a document type",
            ),
            (
                changed(good, xl__evil='<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16")),
                "document",
            ),
            (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "protected by a password, or an old .xls"),
            (b"journal;document\n", "no spreadsheet"),
            (good[: len(good) // 2], "no spreadsheet, or was cut off"),
        ]
    ):
        with pytest.raises(BadFile, match=cause) as refused:
            ledger(tmp_path / str(number), content)
        assert "lines_2024.xlsx" in str(refused.value)


@pytest.fixture(scope="module")
def sound() -> bytes:
    """One file, so that its bytes are the same at every try."""
    return book([HEADINGS, *ROWS])


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_spreadsheet_is_an_error_of_ours_or_tells_the_same(
    data: st.DataObject, sound: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = ledger(tmp_path_factory.mktemp("fuzz"), bytes(content))
    except BadFile:
        return
    assert found.value("SELECT count(*) FROM books.journal_lines") == 3


def test_lines_of_sheets_wider_than_their_headings_are_read(tmp_path: Path) -> None:
    wide = [HEADINGS, *ROWS, *[("OD", n, date(2024, 5, 1), 580000, "", 1, 1, None, None, "memo") for n in range(20)]]
    assert ledger(tmp_path, book(wide)).value("SELECT count(*) FROM books.journal_lines") == 23


def test_a_spreadsheet_of_ours_is_the_one_that_the_library_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(book([HEADINGS, *ROWS]))
    spreadsheet.write_text(path, tmp_path / "a.txt")
    sheet = load_workbook(path).active
    assert sheet is not None
    lines = (tmp_path / "a.txt").read_text("utf-8").splitlines()
    assert len(lines) == sheet.max_row
    assert lines[1] == "VEN\t12\t2024-02-15\t400000\tKlanten\t121\t"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not tell which files are open")
def test_a_spreadsheet_that_is_refused_is_closed(tmp_path: Path) -> None:
    """Windows removes no file that is open, and the copies that are read are removed."""
    whole, path = tmp_path / "whole.xlsx", tmp_path / "cut.xlsx"
    book = Workbook()
    assert book.active
    book.active.append(["label", "start_date"])
    book.save(whole)
    with zipfile.ZipFile(whole) as before, zipfile.ZipFile(path, "w") as after:
        for name in before.namelist():
            part = before.read(name)
            after.writestr(name, part[:-20] if "workbook.xml" in name or "sharedStrings" in name else part)
    with pytest.raises(BadFile, match="damaged") as refused:
        spreadsheet.write_text(path, tmp_path / "text")
    held = [link for link in Path("/proc/self/fd").iterdir() if link.exists() and link.resolve() == path]
    assert held == [], refused  # whose traceback still holds what was opened
