"""The CSV contract: dialects that are read, faults that are refused with file, line and column."""

from __future__ import annotations

import os
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.errors import BadFile
from tests.drop_folder.folders import LINES, YEARS, Read, fill, read

BASE = {"fiscal_years.csv": YEARS, "lines_2024.csv": LINES}


def _figures(found: Read) -> list[tuple[object, ...]]:
    return found.rows(
        "SELECT journal, document, date, account, debit, credit FROM books.journal_lines ORDER BY date, line_key"
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[object, ...]]:
    return _figures(read(fill(tmp_path_factory.mktemp("root") / "plain", BASE)))


def test_the_contract_s_own_sample_is_read(tmp_path: Path) -> None:
    found = read(fill(tmp_path / "0123", BASE))
    assert found.rows(
        """SELECT account, period, period_kind, debit, credit, counterparty, currency FROM books.journal_lines
        WHERE debit > 0 ORDER BY date"""
    ) == [
        ("550000", 0, "opening", Decimal(1000), Decimal(0), None, "EUR"),
        ("400000", 2, "normal", Decimal(121), Decimal(0), "DUPONT", "EUR"),
    ]
    assert found.value("SELECT name FROM books.accounts WHERE number = '451000'") == "VAT due"
    assert found.rows("SELECT name, code, country FROM books.dossier") == [("0123", "0123", "BE")]


@given(
    separator=st.sampled_from(";,\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "windows-1252", "cp850", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n", "\r", "\r\r\n"]),
    spare=st.booleans(),
    title=st.sampled_from(["", "Grand livre 2024\n\nDossier 0123\n"]),
)
@settings(max_examples=12, deadline=None)
def test_any_separator_encoding_and_line_end_tell_the_same_books(
    separator: str, encoding: str, end: str, spare: bool, title: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    words = LINES.replace("Customers", "Créances à payer").replace("Sales", "Étè").replace(",00", ".00")
    rows = [line.replace(";", separator) + (separator if spare else "") for line in words.splitlines()]
    content = (title + "\n".join(rows) + "\n").replace("\n", end).encode(encoding)
    folder = fill(tmp_path_factory.mktemp("dialect") / "d", {**BASE, "lines_2024.csv": content})
    found = read(folder)
    assert found.value("SELECT sum(debit) FROM books.journal_lines") == Decimal(1121)
    assert found.value("SELECT count(*) FROM books.journal_lines") == 5


def test_a_signed_amount_serves_in_place_of_two_sides(tmp_path: Path, plain: list[tuple[object, ...]]) -> None:
    rows = [line.split(";") for line in LINES.splitlines()]
    signed = [";".join((*rows[0][:8], "Bedrag"))]
    signed += [";".join((*row[:8], row[8] if row[8] != "0,00" else f"-{row[9]}")) for row in rows[1:]]
    found = read(fill(tmp_path / "d", {**BASE, "lines_2024.csv": "\n".join(signed)}))
    assert _figures(found) == plain


def test_quotes_hold_separators_quotes_and_line_ends(tmp_path: Path) -> None:
    odd = LINES.replace(";Invoice 12;121", ';"He said ""12;13""\nand left";121')
    found = read(fill(tmp_path / "d", {**BASE, "lines_2024.csv": odd}))
    text = found.value("SELECT description FROM books.journal_lines WHERE debit = 121")
    assert text == 'He said "12;13"\nand left'


def test_titles_above_and_subtotals_between_are_skipped_and_counted(
    tmp_path: Path, plain: list[tuple[object, ...]]
) -> None:
    rows = LINES.splitlines()
    listed = ["Historiek van de rekeningen", "", *rows[:3], ";;;;;;;Totaal;1000,00;1000,00;", *rows[3:]]
    found = read(fill(tmp_path / "d", {**BASE, "lines_2024.csv": "\n".join(listed)}))
    assert _figures(found) == plain
    assert found.notes["subtotals_skipped"] == 1


def test_storno_keeps_its_negative_sides(tmp_path: Path) -> None:
    storno = LINES + "VEN;13;1;2024-03-01;3;400000;;;-121,00;0,00;\nVEN;13;2;2024-03-01;3;700000;;;0,00;-121,00;\n"
    found = read(fill(tmp_path / "d", {**BASE, "lines_2024.csv": storno}))
    assert found.rows("SELECT debit, credit FROM books.journal_lines WHERE document = '13' ORDER BY line_no") == [
        (Decimal(-121), Decimal(0)),
        (Decimal(0), Decimal(-121)),
    ]


def test_lines_with_one_number_stay_apart_and_are_reported(tmp_path: Path) -> None:
    twice = LINES.replace("VEN;12;2", "VEN;12;1")
    found = read(fill(tmp_path / "d", {**BASE, "lines_2024.csv": twice}))
    assert found.rows("SELECT line_key FROM books.journal_lines WHERE document = '12' ORDER BY 1") == [
        ("2024/VEN/12/1",),
        ("2024/VEN/12/1#2",),
        ("2024/VEN/12/3",),
    ]
    assert found.notes["repeated_line_numbers"] == 1


def test_what_looks_odd_but_can_be_read_is_noted(tmp_path: Path) -> None:
    odd = LINES.replace("VEN;12;3", "VEN;13;3").replace("2024-02-15;2;700000", "2025-02-15;2;700000")
    files = {**BASE, "lines_2024.csv": odd, "accounts.csv": "number;name\n550000;Bank\n100000;Capital\n"}
    found = read(fill(tmp_path / "d", {**files, "notes.docx": "?"}))
    assert found.notes == {
        "loose_entries": 2,
        "dates_outside_year": 1,
        "accounts_not_listed": 3,
        "files_ignored": 1,
    }
    assert found.value("SELECT fiscal_year FROM books.journal_lines WHERE date > DATE '2025-01-01'") == "2024"


def test_a_line_of_period_0_dated_later_stands_on_the_first_day(tmp_path: Path) -> None:
    later = LINES.replace("2024-01-01;0", "2024-01-15;0")
    found = read(fill(tmp_path / "d", {**BASE, "lines_2024.csv": later}))
    assert found.rows("SELECT DISTINCT date FROM books.journal_lines WHERE period = 0") == [(date(2024, 1, 1),)]
    assert found.notes == {"openings_moved": 2}


def test_periods_beyond_the_year_s_own_are_adjustments(tmp_path: Path) -> None:
    years = "label;start_date;end_date;closed;periods\n2024;2024-01-01;2024-12-31;0;12\n"
    late = LINES.replace("2024-02-15;2;", "2024-12-31;13;")
    found = read(fill(tmp_path / "d", {"fiscal_years.csv": years, "lines_2024.csv": late}))
    assert found.value("SELECT DISTINCT period_kind FROM books.journal_lines WHERE period = 13") == "adjustment"
    assert found.rows("SELECT start_date, end_date FROM books.periods WHERE period = 13") == [
        (date(2024, 12, 31), date(2024, 12, 31))
    ]


def test_quarters_are_periods_of_three_months(tmp_path: Path) -> None:
    years = "label;start_date;end_date;closed;periods\n2024;2024-01-01;2024-12-31;0;4\n"
    found = read(fill(tmp_path / "d", {"fiscal_years.csv": years, "lines_2024.csv": LINES}))
    assert found.rows("SELECT period, start_date, end_date FROM books.periods WHERE period IN (1, 4) ORDER BY 1") == [
        (1, date(2024, 1, 1), date(2024, 3, 31)),
        (4, date(2024, 10, 1), date(2024, 12, 31)),
    ]


def test_the_foreign_amount_gets_the_sign_of_its_line_and_survives_a_line_of_zero(tmp_path: Path) -> None:
    foreign = (
        "journal;document;date;account;debit;credit;currency;amount_currency\n"
        "A;1;2024-02-01;400000;10,00;0;usd;12,50\nA;1;2024-02-01;700000;0;10,00;USD;12,50\n"
        "A;2;2024-02-01;400000;0;0;USD;1,00\n"
    )
    found = read(fill(tmp_path / "d", {**BASE, "lines_2024.csv": foreign}))
    assert found.rows("SELECT currency, amount_currency FROM books.journal_lines ORDER BY line_key") == [
        ("USD", Decimal("12.50")),
        ("USD", Decimal("-12.50")),
        ("USD", Decimal("1.00")),
    ]


def _replaced(old: str, new: str) -> dict[str, str]:
    assert old in LINES
    return {"lines_2024.csv": LINES.replace(old, new)}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (_replaced("121,00", "121,00;"), "lines_2024.csv: line 4 has 12 fields, the header on line 1 has 11"),
        (_replaced(";Invoice 12;121", ";121"), "lines_2024.csv: line 4 has 10 fields"),
        (
            {"lines_2024.csv": LINES.replace("\n", ";x\n").replace(";x\n", "\n", 1)},
            "lines_2024.csv: line 2 has 12 fields, the header on line 1 has 11",
        ),
        (_replaced("121,00", "120,99"), "debit 1120.99 and credit 1121.00 differ by -0.01"),
        (_replaced("121,00", "12x"), "line 4, column debit: '12x' is not an amount"),
        (_replaced("2024-02-15;2;700000", "15.02.24;2;700000"), "line 5, column date: '15.02.24' is not a date"),
        (_replaced("2024-02-15;2;700000", ";2;700000"), "line 5, column date: is empty"),
        (_replaced("15;2;700000", "15;feb;700000"), "line 5, column period: 'feb' is no whole number"),
        (_replaced(";date;", ";when;"), "line 1: there is no column date; the headings are journal"),
        (_replaced(";debit;", ";left;"), "there is no column debit, and no column amount in its place"),
        ({"lines_2024.csv": "just\nwords\n"}, "lines_2024.csv: no header row"),
        ({"lines_2025.csv": LINES}, "lines_2025.csv: there is no fiscal year '2025'; known are: 2024"),
        ({"trial_balance_2023.csv": "account;debit;credit;closing\n"}, "there is no fiscal year '2023'"),
        ({"fiscal_years.csv": ""}, "fiscal_years.csv: no header row"),
        ({"fiscal_years.csv": YEARS + "2024;2025-01-01;2025-12-31;0\n"}, "fiscal year 2024 stands there twice"),
        ({"fiscal_years.csv": YEARS.replace("2024-12", "2023-12")}, "fiscal year 2024 ends before it starts"),
        ({"fiscal_years.csv": YEARS.replace("2024-12-31", "later")}, "line 2, column end_date: 'later' is not a date"),
        ({"dossier.csv": "key;value\nencoding;klingon\n"}, "dossier.csv: encoding is 'klingon'"),
        ({"dossier.csv": "key;value\nname\n"}, "dossier.csv: line 2 is not a key and a value"),
        ({"lines_2024.txt": LINES}, "lines_2024.csv and lines_2024.txt both claim"),
        (
            {"trial_balance_2024.csv": "account;debit;credit;closing\n550000;10;0;10\n"},
            "trial_balance_2024.csv: the closing balances add up to 10.00 instead of 0",
        ),
    ],
)
def test_a_fault_is_refused_with_file_and_place(files: dict[str, str], says: str, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=re.escape(says)) as caught:
        read(fill(tmp_path / "0123", {**BASE, **files}))
    assert caught.value.next_step


def test_lines_without_fiscal_years_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"lines_2024\.csv needs fiscal_years\.csv"):
        read(fill(tmp_path / "d", {"lines_2024.csv": LINES}))


def test_an_ambiguous_column_is_settled_in_dossier_csv(tmp_path: Path) -> None:
    thousand = LINES.replace("1000,00", "1.000").replace("121,00", "121").replace("100,00", "100").replace(",00", "")
    files = {**BASE, "lines_2024.csv": thousand}
    with pytest.raises(BadFile, match=r"line 2, column debit: '1\.000' can be read in two ways"):
        read(fill(tmp_path / "d", files))
    for word, total in (("comma", 1121), ("point", 122)):
        found = read(fill(tmp_path / "d", {**files, "dossier.csv": f"decimal;{word}\n"}))
        assert found.value("SELECT sum(debit) FROM books.journal_lines") == total


def test_a_heading_of_one_s_own_is_named_in_dossier_csv(tmp_path: Path, plain: list[tuple[object, ...]]) -> None:
    files = {**BASE, **_replaced(";debit;", ";Left side;"), "dossier.csv": "key;value\ncolumn.debit;Left side\n"}
    assert _figures(read(fill(tmp_path / "d", files))) == plain


def test_draft_journals_are_left_out_and_counted(tmp_path: Path) -> None:
    drafts = LINES + "PRO;1;1;2024-03-01;3;604000;;;50,00;0;\nPRO;1;2;2024-03-01;3;440000;;;0;50,00;\n"
    files = {**BASE, "lines_2024.csv": drafts, "dossier.csv": "key;value\ndraft_journals;PRO\n"}
    found = read(fill(tmp_path / "d", files), "verocount")
    assert found.value("SELECT count(*) FROM books.journal_lines") == 5
    assert found.notes["drafts_left_out"] == 2
    mixed = drafts.replace("PRO;1;2", "VEN;1;2")
    with pytest.raises(BadFile, match="draft journal included: the lines balance only with those of PRO"):
        read(fill(tmp_path / "d", {**files, "lines_2024.csv": mixed}), "verocount")


def test_fixed_widths_of_an_old_export_are_cut_where_the_dossier_says(tmp_path: Path) -> None:
    lines = (
        "604000  20240215AK 00000007Factuur \x82\x82n                           100.00          0.00\n"
        "411000  20240215AK 00000007Factuur F-77                           21.00          0.00\n"
        "440000  20240215AK 00000007Factuur F-77                            0.00        121.00\n"
    )
    places = {
        "account": "1-8",
        "date": "9-16",
        "journal": "17-19",
        "document": "20-27",
        "description": "28-57",
        "debit": "58-71",
        "credit": "72-85",
    }
    settings_ = "key;value\nencoding;cp850\n" + "".join(f"width.{name};{place}\n" for name, place in places.items())
    files = {"fiscal_years.csv": YEARS, "dossier.csv": settings_, "lines_2024.txt": lines.encode("latin-1")}
    found = read(fill(tmp_path / "ORG7", files), "oras")
    assert found.rows("SELECT account, debit - credit, document FROM books.journal_lines ORDER BY line_key") == [
        ("604000", Decimal(100), "00000007"),
        ("411000", Decimal(21), "00000007"),
        ("440000", Decimal(-121), "00000007"),
    ]
    assert found.value("SELECT description FROM books.journal_lines WHERE debit = 100") == "Factuur één"


def test_a_year_that_is_told_by_its_trial_balance_alone_is_shown_by_totals_only(tmp_path: Path) -> None:
    years = YEARS + "2023;2023-01-01;2023-12-31;1\n"
    first = "400000\tHandelsdebiteuren\t121,00\t0\n451000\tBTW\t0\t21,00\n700000\tVerkopen\t0\t100,00\n"
    files = {"fiscal_years.csv": years, "lines_2024.csv": LINES, "balance_2023.first.txt": first}
    folder = fill(tmp_path / "TOP12", files)
    found = read(folder, "topaccount", totals_only=True)
    assert found.rows("SELECT fiscal_year, account, opening, closing FROM books.trial_balances ORDER BY 2") == [
        ("2023", "400000", None, Decimal(121)),
        ("2023", "451000", None, Decimal(-21)),
        ("2023", "700000", None, Decimal(-100)),
    ]
    beside = read(folder, "topaccount")
    assert beside.value("SELECT count(*) FROM books.trial_balances") == 0
    assert beside.notes == {"totals_without_lines": 1}
    with pytest.raises(BadFile, match="holds trial balances and no lines"):
        read(fill(tmp_path / "alone", {"fiscal_years.csv": years, "balance_2023.first.txt": first}), "topaccount")
    fill(folder, {"balance_2023.first.txt": first.replace("\tBTW", "")})
    with pytest.raises(BadFile, match=r"balance_2023\.first\.txt: line 2 has 3 fields"):
        read(folder, "topaccount", totals_only=True)


def test_totals_alone_read_no_lines(tmp_path: Path) -> None:
    balance = "account;name;opening;debit;credit;closing\n550000;Bank;0;5,00;0;5,00\n100000;Capital;0;0;5,00;-5,00\n"
    folder = fill(tmp_path / "d", {**BASE, "trial_balance_2024.csv": balance})
    found = read(folder, totals_only=True)
    assert found.value("SELECT count(*) FROM books.journal_lines") == 0
    assert found.value("SELECT count(*) FROM books.trial_balances") == 2
    os.unlink(folder / "trial_balance_2024.csv")
    with pytest.raises(BadFile, match="holds no trial balance"):
        read(folder, totals_only=True)
