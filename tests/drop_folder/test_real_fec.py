"""Real FEC files and their variants load with exact counts and totals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.drop_folder.folders import Read, fill, read

REAL = Path(__file__).parents[1] / "data" / "fec" / "000000000FEC20231231.txt"
TOTAL = Decimal("1265350.82")


def _require_real_figures(got: Read) -> None:
    """2,102 lines, 85 accounts, 45 auxiliaries, debit = credit = 1,265,350.82, dates 2021-01-01 to 2023-06-30."""
    assert got.rows(
        """SELECT count(*), count(DISTINCT account), count(DISTINCT counterparty), sum(debit), sum(credit),
        min(date), max(date), count(DISTINCT line_key) FROM books.journal_lines"""
    ) == [(2102, 85, 45, TOTAL, TOTAL, date(2021, 1, 1), date(2023, 6, 30), 2102)]
    assert got.value("SELECT count(*) FROM books.accounts") == 85
    assert got.value("SELECT count(*) FROM books.counterparties") == 45
    assert got.value("SELECT count(*) FROM books.journals") == 6


def _rows() -> list[list[str]]:
    return [line.split("\t") for line in REAL.read_text(encoding="utf-8").splitlines()]


def test_the_real_file_is_one_fiscal_year_that_opens_with_its_detailed_opening_journal(tmp_path: Path) -> None:
    got = read(fill(tmp_path / "resto", {REAL.name: REAL.read_bytes()}), "cegid")
    _require_real_figures(got)
    assert got.rows("SELECT label, start_date, end_date FROM books.fiscal_years") == [
        ("2023", date(2023, 1, 1), date(2023, 12, 31))
    ]
    by_kind = got.rows(
        """SELECT period_kind, count(*), min(period), max(date), sum(debit - credit), string_agg(DISTINCT journal)
        FROM books.journal_lines WHERE journal = 'AD' OR date < DATE '2023-01-01' GROUP BY 1"""
    )
    assert by_kind == [("opening", 456, 0, date(2023, 1, 1), Decimal(0), "AD")]
    assert got.value("SELECT type FROM books.journals WHERE code = 'AD'") == "opening"


def test_one_constant_entry_number_becomes_entries_that_all_balance(tmp_path: Path) -> None:
    got = read(fill(tmp_path / "resto", {REAL.name: REAL.read_bytes()}), "cegid")
    assert got.notes["entries_regrouped"] == 6
    assert "loose_entries" not in got.notes
    entries, off = got.rows(
        """SELECT count(*), count(*) FILTER (off <> 0) FROM
        (SELECT entry_key, sum(debit - credit) AS off FROM books.journal_lines GROUP BY 1)"""
    )[0]
    assert off == 0
    assert entries > 400


def test_pipes_with_latin_9_bytes_and_montant_and_sens_give_the_same_figures(tmp_path: Path) -> None:
    header, *rows = _rows()
    told = ["|".join((*header[:11], "Montant", "Sens", *header[13:]))]
    for number, row in enumerate(rows):
        debit = row[11] not in ("0,00", "")
        side = (("D", "C"), ("+1", "-1"), ("d ", " c"))[number % 3][0 if debit else 1]
        told.append("|".join((*row[:11], row[11] if debit else row[12], side, *row[13:])))
    content = "\r\n".join(told).encode("iso8859-15")
    got = read(fill(tmp_path / "resto", {REAL.name: content}), "cegid")
    _require_real_figures(got)
    assert got.value("SELECT name FROM books.journals WHERE code = 'AD'") == "A Nouveaux Détaillés"


def test_padded_columns_with_a_separator_too_many_and_cr_cr_lf_give_the_same_figures(tmp_path: Path) -> None:
    header, *rows = _rows()
    widths = [max(len(row[place]) for row in rows) for place in range(18)]
    told = ["\t".join(header[:18]) + "\t"]
    for row in rows:
        cells = [cell.ljust(max(width, 8)) for cell, width in zip(row, widths, strict=False)]
        cells[11], cells[12] = (row[place].rjust(13, "0") for place in (11, 12))
        told.append("\t".join(cells) + "\t")
    content = ("\r\r\n".join(told) + "\r\r\n").encode("windows-1252")
    got = read(fill(tmp_path / "resto", {REAL.name: content}), "cegid")
    _require_real_figures(got)
    assert got.value("SELECT count(*) FROM books.journal_lines WHERE journal LIKE '% ' OR document LIKE '% '") == 0


def test_a_name_that_does_not_fit_the_entries_is_reported_and_not_believed(tmp_path: Path) -> None:
    header, *rows = _rows()
    told = []
    for row in rows:
        if row[0] == "AD":
            continue
        moved = list(row)
        month = int(row[3][4:6])
        moved[3] = f"2022{month + 3:02d}01" if month < 6 else "20230430"
        told.append("\t".join(moved).replace("é", "e").replace("CREATION", "CREAT°"))
    text = "\n".join(("\t".join(header), *told)) + "\n"
    content = text.encode("utf-8").replace("°".encode(), b"\xf8")
    content = bytes(b for b in content if b < 128 or b == 0xF8)
    got = read(fill(tmp_path / "old", {"123456789FEC20500930.txt": content}), "cegid")
    assert got.rows("SELECT label, start_date, end_date FROM books.fiscal_years") == [
        ("2023", date(2022, 4, 1), date(2023, 4, 30))
    ]
    assert got.notes["name_does_not_fit"] == 1
    assert got.value("SELECT count(*) FROM books.journal_lines") == len(told)
    assert got.value("SELECT sum(debit) - sum(credit) FROM books.journal_lines") == 0


def test_a_lonely_byte_that_only_cp850_reads_as_a_word_is_read_so_and_reported(tmp_path: Path) -> None:
    content = (
        REAL.read_text(encoding="utf-8").encode("ascii", "ignore").replace(b"ITALIAN FOOD F.374", b"CREAT\xf8 374")
    )
    got = read(fill(tmp_path / "old", {REAL.name: content}), "cegid")
    assert got.notes["encoding_guessed"] == 1
    assert got.value("SELECT count(*) FROM books.journal_lines WHERE description = 'CREAT° 374'") > 0


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\r\r\n"])
def test_line_ends_of_every_system_give_the_same_figures(tmp_path: Path, end: str) -> None:
    content = end.join("\t".join(row) for row in _rows()).encode()
    _require_real_figures(read(fill(tmp_path / "resto", {REAL.name: content}), "cegid"))
