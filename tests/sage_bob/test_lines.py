"""What becomes of lines, years and accounts that are not plain; and of folders that are damaged or in use."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.columns import BATCH_ROWS
from connectors.contract import Access, Batch, ExtractRequest
from connectors.sage_bob import open_connector
from foundation.errors import BadFile, Busy, GrandlivreError, WrongInput
from tests.sage_bob.dossiers import LINE, connect, extract, month, months, normalized, notes, read, write_dossier

OTHER = {"HID": "700000", "HORDERNO": 2, "HAMOUNT": Decimal("-10.00")}
BOTH_YEARS = [*months("2023", 2023, FXCLOSED=True), *months("2024", 2024)]
LAST_YEAR = {"HFYEAR": "2023", "HYEAR": 2023, "HDOCDATE": date(2023, 5, 5), "HMONTH": 5}


def lines(db: duckdb.DuckDBPyConnection, columns: str) -> list[tuple[Any, ...]]:
    return db.execute(f"SELECT {columns} FROM books.journal_lines ORDER BY entry_key, line_no").fetchall()


def test_amounts_are_signed_debit_positive_and_null_is_zero(tmp_path: Path) -> None:
    write_dossier(tmp_path / "DEMO", [{}, OTHER, {"HORDERNO": 3, "HAMOUNT": None}, {"HORDERNO": 4, "HAMOUNT": 0.1}])
    assert lines(read(tmp_path), "debit, credit") == [
        (Decimal("10"), 0), (0, Decimal("10")), (0, 0), (Decimal("0.1"), 0)
    ]  # fmt: skip


def test_foreign_amounts_take_the_sign_of_the_amount(tmp_path: Path) -> None:
    cases = [("USD", -11, 10), ("USD", 11, -10), ("USD", -11, 0), ("EUR", 5, 5), (None, 0, 5)]
    rows = [
        {"HORDERNO": n, "HCURRENCY": currency, "HCURAMN": foreign, "HAMOUNT": amount}
        for n, (currency, foreign, amount) in enumerate(cases)
    ]
    write_dossier(tmp_path / "DEMO", rows)
    assert lines(read(tmp_path), "currency, amount_currency::DOUBLE") == [
        ("USD", 11.0), ("USD", -11.0), ("USD", -11.0), ("EUR", None), ("EUR", None)
    ]  # fmt: skip


def test_months_that_are_none_go_to_the_ends_of_the_year_and_are_noted(tmp_path: Path) -> None:
    write_dossier(
        tmp_path / "DEMO", [{"HMONTH": n, "HDOCNO": n} for n in (0, 1, 12, 13)] + [{"HMONTH": -1, "HDOCNO": 99}]
    )
    assert lines(read(tmp_path), "document, period, period_kind, date") == [
        ("0", 0, "opening", date(2024, 1, 1)),
        ("1", 1, "normal", date(2024, 2, 15)),
        ("12", 12, "normal", date(2024, 2, 15)),
        ("13", 12, "normal", date(2024, 2, 15)),
        ("99", 1, "normal", date(2024, 2, 15)),
    ]
    assert notes(extract(connect(tmp_path), "DEMO")) == {"odd_months": 2}


def test_a_long_year_has_a_period_for_each_month_and_both_januaries(tmp_path: Path) -> None:
    periods = [month("2024L", 2023, n) for n in range(7, 13)] + [month("2024L", 2024, n) for n in range(13)]
    rows = [{"HFYEAR": "2024L", "HYEAR": year, "HMONTH": n, "HDOCNO": year + n} for year, n in ((2023, 8), (2024, 8))]
    write_dossier(tmp_path / "DEMO", rows, periods=periods)
    year = connect(tmp_path).fiscal_years("DEMO")[0]
    assert (year.start, year.end) == (date(2023, 7, 1), date(2024, 12, 31))
    assert lines(read(tmp_path), "document, period") == [("2031", 2), ("2032", 14)]


def test_documents_of_one_number_in_two_years_and_repeated_lines_keep_keys_apart(tmp_path: Path) -> None:
    write_dossier(tmp_path / "DEMO", [{}, {}, LAST_YEAR], periods=BOTH_YEARS)
    assert [key for (key,) in lines(read(tmp_path), "line_key")] == [
        "2023-DIV-1-2023-5-1", "2024-DIV-1-2024-2-1", "2024-DIV-1-2024-2-1#2"
    ]  # fmt: skip


def control(**values: Any) -> dict[str, Any]:
    base = {"HID": "DUPONT", "HTYPE": "C", "HDBK": "VEN", "HFYEAR": "2024", "HYEAR": 2024, "HMONTH": 2, "HORDERNO": 1}
    return base | {"HDOCDATE": date(2024, 2, 15), "HCOLLECTACC": "400000"} | values


def test_control_lines_that_stand_in_the_parties_ledger_only_are_taken_from_there(tmp_path: Path) -> None:
    """Inferred safeguard: document 7 lacks its control line, 8 has it, 9 would not balance with it either."""
    sale = {"HDBK": "VEN", "HID": "700000", "HAMOUNT": -100, "HORDERNO": 2}
    rows = [sale | {"HDOCNO": 7}, sale | {"HDOCNO": 8}, {"HDBK": "VEN", "HDOCNO": 8, "HID": "400000", "HAMOUNT": 100}]
    rows.append(sale | {"HDOCNO": 9})
    parts = [control(HDOCNO=7, HAMOUNT=60), control(HDOCNO=7, HAMOUNT=40, HORDERNO=3), control(HDOCNO=8, HAMOUNT=100)]
    write_dossier(tmp_path / "DEMO", rows, controls=[*parts, control(HDOCNO=9, HAMOUNT=1)])
    connector = connect(tmp_path)
    events = extract(connector, "DEMO")
    assert notes(events)["control_lines_added"] == 2
    assert lines(normalized(connector, events), "document, account, counterparty, (debit - credit)::INTEGER") == [
        ("7", "400000", "DUPONT", 60),
        ("7", "700000", None, -100),
        ("7", "400000", "DUPONT", 40),
        ("8", "400000", None, 100),
        ("8", "700000", None, -100),
        ("9", "700000", None, -100),
    ]


def test_the_parties_ledger_is_not_read_when_the_ledger_balances(tmp_path: Path) -> None:
    write_dossier(tmp_path / "DEMO", [{}, OTHER], controls=[control(HDOCNO=1, HAMOUNT=10)])
    path = tmp_path / "DEMO" / "ac_chisto.adt"
    path.write_bytes(path.read_bytes()[:-3])
    assert "control_lines_added" not in notes(extract(connect(tmp_path), "DEMO"))


def test_what_a_year_without_opening_lines_opens_with_is_added_up_when_the_sync_starts_there(tmp_path: Path) -> None:
    income = OTHER | LAST_YEAR
    opening = {"HFYEAR": "2023", "HYEAR": 2023, "HMONTH": 0, "HDOCDATE": date(2023, 1, 1), "HDOCNO": 9}
    before = [*months("2022", 2022, FXCLOSED=True), *BOTH_YEARS]
    forgotten = {"HFYEAR": "2022", "HYEAR": 2022, "HAMOUNT": 77, "HDOCDATE": date(2022, 2, 2), "HDOCNO": 5}
    write_dossier(
        tmp_path / "DEMO",
        [forgotten, LAST_YEAR, income, opening, opening | {"HID": "100000", "HAMOUNT": -10}, {"HDOCNO": 2}],
        periods=before,
    )
    connector = connect(tmp_path)
    events = extract(connector, "DEMO", since=date(2024, 1, 1))
    db = normalized(connector, events)
    assert sorted(lines(db, "fiscal_year, period_kind, account, (debit - credit)::INTEGER")) == [
        ("2024", "normal", "550000", 10),
        ("2024", "opening", "100000", -10),
        ("2024", "opening", "550000", 20),
        ("2024", "opening", "RESULT-CARRIED", -10),
    ]
    assert db.execute("SELECT type FROM books.accounts WHERE number = 'RESULT-CARRIED'").fetchall() == [("equity",)]
    assert notes(events) == {"opening_derived": 1}


def test_lines_of_no_fiscal_year_are_left_out_and_counted(tmp_path: Path) -> None:
    write_dossier(tmp_path / "DEMO", [{}, {"HFYEAR": ""}, {"HFYEAR": "1999"}, {"HFYEAR": "1999"}])
    events = extract(connect(tmp_path), "DEMO")
    assert notes(events) == {"no_fiscal_year": 1, "unknown_fiscal_year": 2}


def test_types_follow_the_package_and_then_the_first_digit_and_titles_are_left_out(tmp_path: Path) -> None:
    types = {
        ("1000", "LIABILIT", "LEQUITY"): "equity", ("4400", "LIABILIT", None): "liability", ("4000", None, None): None,
        ("2300", "ASSETS", None): "asset", ("3400", None, None): "asset", ("6040", "EXPENSE", None): "expense",
        ("6130", "CHARGES", None): "expense", ("6500", None, None): "expense", ("7000", "INCOME", None): "income",
        ("7500", "PROFIT", None): "income", ("7600", None, None): "income", ("6930", None, None): None,
        ("0100", None, None): "memo",
    }  # fmt: skip
    chart = [{"AID": number, "ABALANCE": a, "SUBTYPE": s, "AISTITLE": False} for number, a, s in types]
    titles = [{"AID": "61", "AISTITLE": True}, {"AID": "62", "AISTITLE": True}, {"AID": "1000", "AISTITLE": True}]
    write_dossier(tmp_path / "DEMO", [{}, {"HID": "62"}], accounts=[*titles, *chart])
    db = read(tmp_path)
    found = dict(db.execute("SELECT number, type FROM books.accounts").fetchall())
    assert found == {key[0]: kind for key, kind in types.items()} | {"62": "expense", "550000": None}
    assert db.execute("SELECT heading FROM books.accounts WHERE number = '62'").fetchall() == [(True,)]


def test_journals_that_lines_name_but_the_list_lacks_are_there(tmp_path: Path) -> None:
    kinds = [("ACH", "PUR"), ("VEN", "SAL"), ("BNK", "CAS"), ("ODA", "OPD")]
    journals = [{"DBID": code, "HEADING1": f"Journal {code}", "DBTYPE": kind} for code, kind in kinds]
    write_dossier(
        tmp_path / "DEMO", [{"HDBK": "NEW", "HDBTYPE": "PUR"}, {"HDBK": "ANO", "HMONTH": 0}], journals=journals
    )
    assert dict(read(tmp_path).execute("SELECT code, type FROM books.journals").fetchall()) == {
        "DIV": "general", "ACH": "purchase", "VEN": "sales", "BNK": "bank", "ODA": "general", "NEW": "purchase",
        "ANO": "opening",
    }  # fmt: skip


def test_folders_that_are_no_dossier_or_lack_a_year_are_refused(tmp_path: Path) -> None:
    write_dossier(tmp_path / "DEMO", [{}])
    (tmp_path / "DEMO" / "ac_ahisto.adt").rename(tmp_path / "elsewhere")
    with pytest.raises(WrongInput, match=r"DEMO is not a BOB dossier: it has no ac_ahisto\.adt"):
        extract(connect(tmp_path), "DEMO")
    with pytest.raises(WrongInput, match="unknown sync reference"):
        extract(connect(tmp_path), "OTHER")
    write_dossier(tmp_path / "VOID", [{}], periods=[month("2024", 2024, 0)])
    with pytest.raises(BadFile, match=r"ac_period\.adt: it tells no fiscal year"):
        connect(tmp_path).fiscal_years("VOID")
    write_dossier(tmp_path / "ODD", [{}], periods=[month("2024", 2024, 1), month("2024", 90_000, 2)])
    with pytest.raises(BadFile, match=r"ac_period\.adt: row 2: 90000 is no calendar year"):
        connect(tmp_path).fiscal_years("ODD")
    with pytest.raises(WrongInput, match="keeps no trial balance"):
        extract(connect(tmp_path), "DEMO", totals_only=True)
    for name, value in (("language", "3"), ("currency", "EURO"), ("temporary", "maybe"), ("country", "NL")):
        with pytest.raises(WrongInput, match=name):
            connect(tmp_path, **{name: value})


def test_tables_that_are_missing_are_noted_and_a_ledger_without_its_columns_refused(tmp_path: Path) -> None:
    folder = write_dossier(tmp_path / "DEMO", [{}])
    for table in ("ac_dbk", "ac_compan"):
        (folder / f"{table}.adt").unlink()
    assert notes(extract(connect(tmp_path), "DEMO")) == {"table_missing": 1}  # one code, told twice
    (folder / "ac_ahisto.adt").unlink()
    (folder / "AC_AHISTO.CSV").write_text("HID;HDBK;HFYEAR\n550000;DIV;2024\n")
    with pytest.raises(BadFile, match=r"AC_AHISTO\.CSV: it has no column HYEAR, HMONTH"):
        extract(connect(tmp_path), "DEMO")


LEDGER = [{"HDOCNO": n, "HAMOUNT": amount, "HORDERNO": n % 2} for n in range(4) for amount in (n + 10, -n - 10)]


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_table_cut_anywhere_stops_the_sync_with_its_name(tmp_path: Path, data: st.DataObject) -> None:
    folder = write_dossier(tmp_path / "DEMO", LEDGER, parties=[{"CID": "X"}])
    victim = data.draw(st.sampled_from(sorted(folder.glob("*.adt"))))
    content = victim.read_bytes()
    victim.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(BadFile, match=victim.name):
        extract(connect(tmp_path), "DEMO")


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_export_cut_anywhere_but_behind_a_document_stops_the_sync_with_its_name(
    tmp_path: Path, data: st.DataObject
) -> None:
    folder = write_dossier(tmp_path / "DEMO", [{}])
    (folder / "ac_ahisto.adt").unlink()
    rows = [[LINE | line for line in LEDGER][n : n + 2] for n in range(0, len(LEDGER), 2)]
    text = ["HID;HDBK;HFYEAR;HYEAR;HMONTH;HDOCNO;HORDERNO;HDOCDATE;HAMOUNT;HREM;HTEMP\r\n"]
    text += ["".join(f'{export(line)};"a;b";F\r\n' for line in pair) for pair in rows]
    # Without its line end, or without the last column, which may be empty, a document is still whole.
    whole = {len("".join(text[: n + 1])) + more for n in range(len(text)) for more in (-3, -2, -1, 0)}
    content = "".join(text)
    cut = data.draw(st.integers(0, len(content) - 1).filter(lambda at: at not in whole))
    (folder / "AC_AHISTO.CSV").write_bytes(content[:cut].encode())
    with pytest.raises(BadFile, match=r"AC_AHISTO\.CSV"):
        extract(connect(tmp_path), "DEMO")


def export(line: dict[str, Any]) -> str:
    names = ("HID", "HDBK", "HFYEAR", "HYEAR", "HMONTH", "HDOCNO", "HORDERNO", "HDOCDATE", "HAMOUNT")
    return ";".join(str(line[name]) for name in names)


def test_copies_are_gone_after_the_sync_also_when_it_fails_and_files_in_use_are_busy(tmp_path: Path) -> None:
    scratch, folder = tmp_path / "scratch", write_dossier(tmp_path / "root" / "DEMO", [{}])
    access = Access("sage_bob", {"root": str(tmp_path / "root")}, {}, scratch=scratch, sleep=lambda seconds: None)
    events = open_connector(access).extract(ExtractRequest("DEMO"))
    assert isinstance(next(events), Batch)
    assert list(scratch.iterdir())
    list(events)
    assert not list(scratch.iterdir())
    ahisto = folder / "ac_ahisto.adt"
    ahisto.write_bytes(ahisto.read_bytes()[:-30])
    with pytest.raises(BadFile):
        list(open_connector(access).extract(ExtractRequest("DEMO")))
    assert not list(scratch.iterdir())
    ahisto.unlink()
    ahisto.mkdir()
    with pytest.raises(GrandlivreError) as refused:
        list(open_connector(access).extract(ExtractRequest("DEMO")))
    assert isinstance(refused.value, (Busy, WrongInput))


def test_lines_come_in_batches_of_a_fixed_size(tmp_path: Path) -> None:
    write_dossier(tmp_path / "DEMO", [{"HDOCNO": n} for n in range(3000)])
    sizes = [
        e.rows.num_rows
        for e in extract(connect(tmp_path), "DEMO")
        if isinstance(e, Batch) and e.resource == "ac_ahisto"
    ]
    assert (sum(sizes), max(sizes) <= BATCH_ROWS) == (3000, True)
