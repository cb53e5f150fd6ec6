"""The French company by XIMPORT and RIMPORT: the books that its FEC tells, to the cent; what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.drop_folder import sandbox_fec
from connectors.sandbox.company import Company, company
from foundation.errors import BadFile
from tests.drop_folder.folders import FEC_NAME, fec, fill
from tests.sage50.ciel import JOURNALS, entries, rimport, ximport
from tests.sage50.companies import connect, extract, notes, read

FORMS = {"XIMPORT": ximport, "RIMPORT": rimport, "RImport": partial(rimport, comma=True)}


@pytest.fixture(scope="module")
def told() -> Company:
    return company("FR", entries_per_month=3)


def write(folder: Path, told: Company, form: str) -> Path:
    writer: Callable[[Company, str], bytes] = FORMS[form]
    files = {f"{form}_{year.end:%Y%m%d}.TXT": writer(told, year.label) for year in told.years}
    return fill(folder, {**files, "dossier.csv": "key;value\nname;Société Exemple\n"})


@pytest.mark.parametrize("form", FORMS)
def test_the_entries_are_the_companys(form: str, told: Company, tmp_path: Path) -> None:
    write(tmp_path / "CIEL", told, form)
    db = read(tmp_path, "CIEL")
    rows = db.execute(
        """SELECT fiscal_year, period_kind, date, journal, document, account, description, debit, credit, due_date,
            currency FROM books.journal_lines"""
    ).fetchall()
    width = 25 if form == "XIMPORT" else 99
    assert Counter(rows) == Counter(
        (line.year, line.kind, line.date, journal, line.document, line.account, line.description[:width],
         line.debit, line.credit, line.due_date, "EUR")
        for year in told.years for _, journal, line in entries(told, year.label)
    )  # fmt: skip
    assert db.execute("SELECT DISTINCT sum(debit - credit) FROM books.journal_lines GROUP BY entry_key").fetchall() == [
        (0,)
    ]
    names = {account.number: account.name[:34] for account in told.accounts}
    assert dict(db.execute("SELECT number, name FROM books.accounts").fetchall()).items() <= names.items()
    journals = dict(db.execute("SELECT code, name FROM books.journals").fetchall())
    assert set(journals) <= set(JOURNALS.values())
    if form != "XIMPORT":
        assert journals["VE"] == "Journal sales"
    assert db.execute("SELECT name, country, currency FROM books.dossier").fetchall() == [
        ("Société Exemple", "FR", "EUR")
    ]


@pytest.mark.parametrize("form", FORMS)
def test_the_years_are_those_of_the_fec(form: str, told: Company, tmp_path: Path) -> None:
    write(tmp_path / "CIEL", told, form)
    (tmp_path / "FEC").mkdir()
    sandbox_fec.write(tmp_path / "FEC", told)
    connector = connect(tmp_path)
    assert [ref.external_id for ref in connector.discover()] == ["CIEL", "FEC"]
    spans = [[(y.label, y.start, y.end) for y in connector.fiscal_years(name)] for name in ("CIEL", "FEC")]
    assert spans[0] == spans[1]


def test_a_name_without_a_date_leaves_the_year_to_the_entries(told: Company, tmp_path: Path) -> None:
    for name in ("ximport.txt", "XImport_20260219.txt", "XIMPORT (2).TXT"):
        fill(tmp_path / name[:8], {name: ximport(told, told.years[-1].label)})
        (year,) = connect(tmp_path).fiscal_years(name[:8])
        assert (year.start, year.end) == (told.years[-1].start, told.years[-1].end)
        (tmp_path / name[:8] / name).unlink()


def test_nothing_new_is_unchanged_and_sections_that_are_not_read_are_told(told: Company, tmp_path: Path) -> None:
    write(tmp_path / "CIEL", told, "RIMPORT")
    events = extract(connect(tmp_path), "CIEL")
    assert notes(events)["sections_ignored"] == 1
    cursor = events[-1].cursor
    assert extract(connect(tmp_path), "CIEL", cursor=cursor)[-1].unchanged


def entry(**cells: str) -> str:
    """A line of a RIMPORT."""
    told = {
        "entry": "1", "journal": "VE", "date": "15/02/2024", "account": "411000", "name": "Clients", "amount": "10.00",
        "side": "D", "status": "B", "label": "Facture", "document": "F1",
    } | cells  # fmt: skip
    return "\t".join(told.values())


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["1\tVE\t15/02/2024\t411000"], "line 3 has fewer than the 7 fields"),
        ([entry(), entry(side="X")], "line 4, column side: 'X' is neither D nor C"),
        ([entry(date="15/13/2024")], r"line 3, column date: '15/13/2024' is not a date"),
        ([entry(date="")], "line 3, column date: is empty"),
        ([entry(account="")], "line 3, column account: is empty"),
        ([entry(amount="ten")], "line 3, column amount: 'ten' is not an amount"),
        ([entry(amount="")], "line 3, column amount: is empty"),
        ([entry(), entry(side="C", amount="9.99")], r"debit 10\.00 and credit 9\.99 differ by 0\.01"),
    ],
)
def test_what_cannot_be_read_is_refused_with_file_and_line(lines: list[str], said: str, tmp_path: Path) -> None:
    text = "\r\n".join(["##Transfert", "##Section\tMvt", *lines, ""])
    fill(tmp_path / "CIEL", {"RIMPORT.TXT": text})
    with pytest.raises(BadFile, match=rf"RIMPORT\.TXT: {said}"):
        extract(connect(tmp_path), "CIEL")


def test_lines_of_a_movement_without_a_number_go_by_their_piece(tmp_path: Path) -> None:
    lines = [
        entry(entry="", document=n, side=s, account=a) for n in "12" for s, a in (("D", "411000"), ("C", "706000"))
    ]
    fill(tmp_path / "CIEL", {"RIMPORT.TXT": "\r\n".join(["##Fichier\tRImport", *lines])})
    db = read(tmp_path, "CIEL")
    assert db.execute("SELECT count(DISTINCT entry_key), count(*) FROM books.journal_lines").fetchall() == [(2, 4)]


def test_unicode_and_another_currency_are_heard(tmp_path: Path) -> None:
    lines = [entry(name="Société Œuvre"), entry(side="C", account="706000", name="Ventes à l’export")]
    text = "\r\n".join(["##Section\tDos", "CHF", "##Section\tMvt", *lines])
    fill(tmp_path / "CIEL", {"RIMPORT.TXT": b"\xff\xfe" + text.encode("utf-16-le")})
    events = extract(connect(tmp_path), "CIEL")
    assert notes(events)["currency_of_file"] == 1
    names = read(tmp_path, "CIEL").execute("SELECT name FROM books.accounts ORDER BY number").fetchall()
    assert names == [("Société Œuvre",), ("Ventes à l’export",)]


def test_a_year_by_two_files_is_that_of_the_newer_one_or_refused(told: Company, tmp_path: Path) -> None:
    folder = fill(tmp_path / "CIEL", {FEC_NAME: fec(), "XIMPORT_20251231.TXT": ximport(told, "2025")})
    assert notes(extract(connect(tmp_path), "CIEL"))["older_export"] == 1
    (folder / "XIMPORT_20251231.TXT").rename(folder / "XIMPORT.TXT")
    with pytest.raises(BadFile, match="2025"):
        extract(connect(tmp_path), "CIEL")


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_anywhere_but_behind_an_entry_is_refused(data: st.DataObject, told: Company, tmp_path: Path) -> None:
    content = ximport(told, told.years[-1].label)
    rows = content.splitlines(keepends=True)[:-1]
    whole, off, at = set(), 0, 0
    for row in rows:
        at += len(row)
        off += int(row[71:84].replace(b".", b"")) * (1 if row[84:85] == b"D" else -1)
        if not off:
            whole |= set(range(at - 55, at + 2))  # what stands behind the side may lack, and the end of the line
    cut = data.draw(st.integers(1, at - 1).filter(lambda place: place not in whole))
    fill(tmp_path / "CIEL", {"XIMPORT.TXT": content[:cut]})
    with pytest.raises(BadFile, match=r"XIMPORT\.TXT"):
        extract(connect(tmp_path), "CIEL")


def test_the_last_day_of_a_closed_year_is_in_its_name(told: Company, tmp_path: Path) -> None:
    write(tmp_path / "CIEL", told, "XIMPORT")
    assert [year.end for year in connect(tmp_path).fiscal_years("CIEL")] == [
        date(told.years[0].end.year + n, 12, 31) for n in range(len(told.years))
    ]
