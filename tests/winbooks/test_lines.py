"""Ledger lines: what is kept, what is left out and counted, and what their columns come to mean."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Access, Batch, ExtractRequest
from connectors.sandbox.company import company
from connectors.winbooks import ledger, open_connector
from connectors.winbooks.dbf import Table
from connectors.winbooks.dbf_writer import Row, write_table
from connectors.winbooks.sandbox import open_sandbox
from connectors.winbooks.sandbox_tables import ACT as SANDBOX_ACT
from foundation.errors import BadFile, Busy, WrongInput
from tests.winbooks.dossiers import ACT, LINE, connect, extract, normalized, notes, read, write, write_dossier

LINE_COLUMNS = "SELECT {} FROM books.journal_lines ORDER BY line_key"
TWO_YEARS = {
    "BOOKYEARCOUNT": "2",
    "BOOKYEAR1.SHORTLABEL": "2023",
    "BOOKYEAR1.STATUS": "Closed",
    "BOOKYEAR1.PERDATE": "010120230101202331122023",
    "BOOKYEAR2.SHORTLABEL": "2024",
    "BOOKYEAR2.STATUS": "Open",
    "BOOKYEAR2.PERDATE": "010120240101202431122024",
}


def lines(db: Any, columns: str) -> list[tuple[Any, ...]]:
    return db.execute(LINE_COLUMNS.format(columns)).fetchall()


def sifted(root: Path, **settings: str) -> tuple[list[tuple[Any, ...]], dict[str, int]]:
    """(document, amount) of the lines that stand, and what was noted."""
    connector = connect(root, **settings)
    events = extract(connector, "DEMO")
    return lines(normalized(connector, events), "document, (debit - credit)::DOUBLE"), notes(events)


@pytest.mark.parametrize("kind", ["db3", "fp", "vfp"])
def test_a_dossier_of_any_kind_of_table_is_read(tmp_path: Path, kind: str) -> None:
    comment = "x" * 20
    written = [
        {"COMMENT": comment, "COMMENTEXT": "goes on"},
        {"DOCORDER": "002", "AMOUNTEUR": Decimal("-10"), "COMMENT": "é"},
    ]
    write_dossier(tmp_path / "DEMO", written, kind=kind)
    rows = lines(read(tmp_path, "DEMO"), "fiscal_year, period, date, account, debit, credit, currency, description")
    day, ten = date(2024, 2, 15), Decimal("10.0000")
    assert rows == [
        ("2024", 1, day, "550000", ten, 0, "EUR", comment + "goes on"),
        ("2024", 1, day, "550000", 0, ten, "EUR", "é"),
    ]


def test_only_the_columns_that_matter_are_needed(tmp_path: Path) -> None:
    write_dossier(tmp_path / "DEMO", [{}], act="ACCOUNTGL C(8); BOOKYEAR C(1); PERIOD C(2); DATE D; AMOUNTEUR N(12,2)")
    for table in ("csf", "dbk"):
        (tmp_path / "DEMO" / f"DEMO_{table}.dbf").unlink()
    connector = connect(tmp_path)
    events = extract(connector, "DEMO")
    assert lines(normalized(connector, events), "account, debit, journal, document, counterparty, line_key") == [
        ("550000", 10, None, None, None, "1-01-----1")
    ]
    assert notes(events)["table_missing"] == 1


def test_a_ledger_without_amounts_is_a_bad_file(tmp_path: Path) -> None:
    write_dossier(tmp_path / "DEMO", [{}], act="ACCOUNTGL C(8); BOOKYEAR C(1)")
    with pytest.raises(BadFile, match=r"DEMO_act\.dbf: it has no column AMOUNTEUR"):
        extract(connect(tmp_path), "DEMO")


def test_lines_of_the_dummy_document_and_of_no_book_year_are_left_out(tmp_path: Path) -> None:
    write_dossier(tmp_path / "DEMO", [{}, {"DOCNUMBER": "99999999"}, {"BOOKYEAR": ""}, {"BOOKYEAR": "7"}])
    assert sifted(tmp_path) == (
        [("1", 10.0)],
        {"dummy_documents": 1, "no_book_year": 1, "unknown_book_year": 1},
    )


def test_rows_equal_in_every_column_are_kept_once(tmp_path: Path) -> None:
    twice = {"DOCNUMBER": "2", "COMMENTEXT": "the same text in another block"}
    near = [{"DOCNUMBER": "3"}, {"DOCNUMBER": "3", "DOCORDER": "002"}, {"DOCNUMBER": "3", "DUEDATE": date(2024, 3, 1)}]
    memo = [{"DOCNUMBER": "4", "COMMENTEXT": "one"}, {"DOCNUMBER": "4", "COMMENTEXT": "other"}]
    write_dossier(tmp_path / "DEMO", [twice, {}, twice, *near, *memo, twice])
    rows, noted = sifted(tmp_path)
    assert [document for document, _ in rows] == ["1", "2", "3", "3", "3", "4", "4"]
    assert noted == {"duplicate_rows": 2}


def test_rows_whose_order_begins_with_nul_are_left_out_unread(tmp_path: Path) -> None:
    write_dossier(tmp_path / "DEMO", [])
    good = {"DBKCODE": "DIV", "ACCOUNTGL": "550000", "BOOKYEAR": "1", "PERIOD": "01", "DATE": date(2024, 2, 15)}

    def record(**values: Any) -> Row:
        return Row(tuple((good | values).get(column.name) for column in SANDBOX_ACT))

    write_table(
        tmp_path / "DEMO" / "DEMO_act.dbf",
        SANDBOX_ACT,
        [
            record(DOCNUMBER="1", DOCORDER="001", AMOUNTEUR=Decimal(1)),
            record(DOCNUMBER="2", DOCORDER=b"\0", AMOUNTEUR=Decimal(2)),
            record(DOCNUMBER="3", DOCORDER=b"\0\0\0", AMOUNTEUR=b"\xff***", DATE=b"\x01garbage"[:8]),
            record(DOCNUMBER="4", DOCORDER="", AMOUNTEUR=Decimal(4)),
        ],
    )
    assert sifted(tmp_path) == ([("1", 1.0), ("4", 4.0)], {"garbage_rows": 2})


def test_a_base_line_books_nothing_and_a_temporary_line_counts(tmp_path: Path) -> None:
    base = {"DOCTYPE": "4", "DOCNUMBER": "2", "AMOUNTEUR": Decimal(0)}
    odd = {"DOCTYPE": "4", "DOCNUMBER": "3", "AMOUNTEUR": Decimal(5)}
    write_dossier(tmp_path / "DEMO", [{"ISTEMP": True}, base, odd], act=ACT + "; ISTEMP L")
    assert sifted(tmp_path)[0] == [("1", 10.0), ("3", 5.0)]


def test_simulation_journals_are_read_only_when_asked_for(tmp_path: Path) -> None:
    journal = {"DBKID": "SIM", "DBKDESC": "Simulation", "DBKTYPE": "5", "DBKTYPE2": "6"}
    write_dossier(tmp_path / "DEMO", [{}, {"DBKCODE": "SIM", "DOCNUMBER": "2"}], journals=[journal])
    assert sifted(tmp_path) == ([("1", 10.0)], {"simulation_lines": 1})
    assert sifted(tmp_path, simulations="yes") == ([("1", 10.0), ("2", 10.0)], {})


def test_foreign_amounts_take_the_sign_of_the_amount(tmp_path: Path) -> None:
    def line(number: int, amount: str, foreign: str, currency: str = "USD") -> dict[str, Any]:
        decimals = {"AMOUNTEUR": Decimal(amount), "CURRAMOUNT": Decimal(foreign)}
        return {"DOCNUMBER": str(number), "CURRCODE": currency, **decimals}

    written = [
        line(1, "10", "-11"),
        line(2, "-10", "11"),
        line(3, "0", "-11"),
        line(4, "5", "5", "EUR"),
        line(5, "5", "0", ""),
    ]
    write_dossier(tmp_path / "DEMO", written)
    assert lines(read(tmp_path, "DEMO"), "currency, amount_currency::DOUBLE") == [
        ("USD", 11.0),
        ("USD", -11.0),
        ("USD", -11.0),
        ("EUR", None),
        ("EUR", None),
    ]


def test_a_comment_goes_on_in_its_memo(tmp_path: Path) -> None:
    texts = [("Short", "and more"), ("x" * 20, "yz"), ("", "memo only"), ("Short", None), ("", None)]
    written = [{"DOCNUMBER": str(n), "COMMENT": a} | ({"COMMENTEXT": b} if b else {}) for n, (a, b) in enumerate(texts)]
    write_dossier(tmp_path / "DEMO", written)
    assert lines(read(tmp_path, "DEMO"), "description") == [
        ("Short and more",),
        ("x" * 20 + "yz",),
        ("memo only",),
        ("Short",),
        (None,),
    ]
    (tmp_path / "DEMO" / "DEMO_act.fpt").unlink()
    connector = connect(tmp_path)
    events = extract(connector, "DEMO")
    assert notes(events) == {"memo_missing": 3}
    assert lines(normalized(connector, events), "description")[:3] == [("Short",), ("x" * 20,), (None,)]


def test_accounts_are_typed_by_their_first_digits_and_titles_left_out(tmp_path: Path) -> None:
    types = {
        "100000": "equity", "159999": "equity", "160000": "liability", "199000": "liability", "200000": "asset",
        "289999": "asset", "290000": "asset", "419999": "asset", "420000": "liability", "489000": "liability",
        "490000": "asset", "491000": "asset", "492000": "liability", "499000": "liability", "500000": "asset",
        "580000": "asset", "600000": "expense", "699000": "expense", "700000": "income", "821000": "income",
        "822000": "expense", "859000": "expense", "860000": "income", "000000": "memo", "ABC": None,
    }  # fmt: skip
    chart = [{"NUMBER": number, "TYPE": "3", "NAME11": number} for number in types]
    titles = [{"NUMBER": "61", "TYPE": "3"}, {"NUMBER": "610000", "TYPE": "9"}, {"NUMBER": "7", "TYPE": "9"}]
    used = {"NUMBER": "62", "TYPE": "3", "NAME21": "Only in the other language"}
    write_dossier(
        tmp_path / "DEMO",
        [{}, {"ACCOUNTGL": "62"}],
        param={"AccountPicture": "LENGEN=3"},
        accounts=[*chart, *titles, used],
    )
    db = read(tmp_path, "DEMO")
    found = dict(db.execute("SELECT number, type FROM books.accounts").fetchall())
    assert found == types | {"62": "expense", "550000": "asset"}
    assert db.execute("SELECT name, statement FROM books.accounts WHERE number = '62'").fetchall() == [
        ("Only in the other language", "result")
    ]


def test_journals_are_typed_by_what_they_are_for(tmp_path: Path) -> None:
    journals = [
        {"DBKID": name, "DBKTYPE": kind, "DBKTYPE2": more, "DBKOPT": option}
        for name, kind, more, option in [
            ("ACH", "0", "0", ""), ("NCA", "1", "0", ""), ("VEN", "2", "0", ""), ("NCV", "3", "0", ""),
            ("BNK", "4", "0", "IBAN=BE68"), ("CAI", "4", "0", ""), ("OPN", "5", "1", ""), ("CLO", "5", "2", ""),
            ("AMO", "5", "4", ""), ("SIM", "5", "6", ""),
        ]
    ]  # fmt: skip
    write_dossier(tmp_path / "DEMO", [{}, {"DBKCODE": "MATCHG"}, {"DBKCODE": "VEN"}], journals=journals)
    rows = read(tmp_path, "DEMO").execute("SELECT code, type FROM books.journals").fetchall()
    assert dict(rows) == {
        "DIV": "general", "ACH": "purchase", "NCA": "purchase_credit", "VEN": "sales", "NCV": "sales_credit",
        "BNK": "bank", "CAI": "cash", "OPN": "opening", "CLO": "closing", "AMO": "general", "MATCHG": "general",
    }  # fmt: skip


def archived(
    root: Path, live: list[dict[str, Any]], archive: list[dict[str, Any]] | None, path: str = r"Z:\WB\DEMO-2023"
) -> Path:
    """A dossier whose year 2023 is in an archive folder, when there is one."""
    write_dossier(root / "DEMO", live, param=TWO_YEARS | {"BOOKYEAR1.PATHARCH": path})
    if archive is not None:
        write(root / "DEMO-2023" / "DEMO-2023_act.dbf", ACT, [LINE | line for line in archive])
    return root


def test_archive_and_live_file_are_united_and_the_archive_counts(tmp_path: Path) -> None:
    live = [
        {"DOCNUMBER": "1"},
        {"DOCNUMBER": "1", "DOCORDER": "002", "AMOUNTEUR": Decimal(-99)},
        {"DOCNUMBER": "3", "AMOUNTEUR": Decimal(3)},
        {"DOCNUMBER": "9", "BOOKYEAR": "2", "AMOUNTEUR": Decimal(9)},
    ]
    archive = [
        {"DOCNUMBER": "1"},
        {"DOCNUMBER": "1", "DOCORDER": "002", "AMOUNTEUR": Decimal(-10)},
        {"DOCNUMBER": "2", "AMOUNTEUR": Decimal(-3)},
        {"DOCNUMBER": "8", "BOOKYEAR": "2", "AMOUNTEUR": Decimal(8)},
    ]
    archived(tmp_path, live, archive)
    assert sifted(tmp_path) == ([("1", 10.0), ("1", -10.0), ("2", -3.0), ("3", 3.0), ("9", 9.0)], {"opening_absent": 1})


def test_a_closed_year_out_of_balance_is_loaded_and_noted(tmp_path: Path) -> None:
    archived(tmp_path, [], [{}, {"DOCORDER": "002", "AMOUNTEUR": Decimal("-9.99")}])
    rows, noted = sifted(tmp_path)
    assert rows == [("1", 10.0), ("1", -9.99)]
    assert noted["loose_closed_years"] == 1


def test_an_archive_that_is_not_found_stops_the_sync_unless_the_live_file_has_its_lines(tmp_path: Path) -> None:
    archived(tmp_path / "gone", [{"BOOKYEAR": "2"}], None)
    with pytest.raises(WrongInput, match=r"book year 2023 is archived in Z:\\WB\\DEMO-2023, which was not found"):
        extract(connect(tmp_path / "gone"), "DEMO")
    assert extract(connect(tmp_path / "gone"), "DEMO", since=date(2024, 1, 1))
    archived(tmp_path / "kept", [{}], None)
    rows, noted = sifted(tmp_path / "kept")
    assert (rows, noted["archive_missing"]) == ([("1", 10.0)], 1)


def test_an_archive_cut_in_the_middle_is_a_bad_file(tmp_path: Path) -> None:
    archived(tmp_path, [], [{"DOCNUMBER": str(n)} for n in range(20)])
    path = tmp_path / "DEMO-2023" / "DEMO-2023_act.dbf"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadFile, match=r"DEMO-2023_act\.dbf: the file is cut off in row \d+ of the 20"):
        extract(connect(tmp_path), "DEMO")


def test_an_archive_folder_without_a_path_is_read_when_the_live_file_lacks_its_year(tmp_path: Path) -> None:
    archived(tmp_path, [{"BOOKYEAR": "2", "DOCNUMBER": "2"}], [{}], path="")
    assert [document for document, _ in sifted(tmp_path)[0]] == ["1", "2"]


def test_what_a_year_without_opening_entry_opens_with_is_added_up_when_the_sync_starts_there(tmp_path: Path) -> None:
    result = {"ACCOUNTGL": "700000", "DOCORDER": "002", "AMOUNTEUR": Decimal(-10)}
    write_dossier(tmp_path / "DEMO", [{}, result, {"BOOKYEAR": "2", "DOCNUMBER": "2"}], param=TWO_YEARS)
    connector = connect(tmp_path)
    events = extract(connector, "DEMO", since=date(2024, 1, 1))
    db = normalized(connector, events)
    rows = lines(db, "fiscal_year, period_kind, account, (debit - credit)::DOUBLE")
    assert sorted(rows) == [
        ("2024", "normal", "550000", 10.0),
        ("2024", "opening", "149999", -10.0),
        ("2024", "opening", "550000", 10.0),
    ]
    assert db.execute("SELECT type FROM books.accounts WHERE number = '149999'").fetchall() == [("equity",)]
    assert notes(events) == {"opening_derived": 1}


def test_an_opening_entry_while_the_year_before_is_open_is_provisional(tmp_path: Path) -> None:
    param = TWO_YEARS | {"BOOKYEAR1.STATUS": "Open"}
    write_dossier(tmp_path / "DEMO", [{}, {"BOOKYEAR": "2", "PERIOD": "00", "DOCNUMBER": "2"}], param=param)
    assert notes(extract(connect(tmp_path), "DEMO")) == {"opening_provisional": 1}


def test_lines_come_in_batches_that_do_not_grow(tmp_path: Path) -> None:
    write_dossier(tmp_path / "DEMO", [{"DOCNUMBER": str(n)} for n in range(250)])
    book = ledger.Ledger(tmp_path)
    table = Table(tmp_path / "DEMO" / "DEMO_act.dbf", tmp_path / "DEMO" / "DEMO_act.fpt")
    book.add(table.batches(ledger.COLUMNS, whole=True, rows=100), 1)
    book.sift(["1"], ["1"], [])
    sizes = [batch.num_rows for batch in book.batches(rows=64)]
    assert (sum(sizes), max(sizes) <= 64) == (250, True)
    book.close()


def test_copies_are_gone_after_the_sync_also_when_it_fails(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    write_dossier(tmp_path / "root" / "DEMO", [{}])
    heard: list[tuple[str, int]] = []
    access = Access(
        "winbooks", {"root": str(tmp_path / "root")}, {}, scratch=scratch, report=lambda *said: heard.append(said)
    )
    events = open_connector(access).extract(ExtractRequest("DEMO"))
    assert isinstance(next(events), Batch)
    assert list(scratch.iterdir())
    list(events)
    assert heard == [("lines", 1)]
    assert not list(scratch.iterdir())
    act = tmp_path / "root" / "DEMO" / "DEMO_act.dbf"
    act.write_bytes(act.read_bytes()[:-30])
    with pytest.raises(BadFile):
        list(open_connector(access).extract(ExtractRequest("DEMO")))
    assert not list(scratch.iterdir())


def test_files_that_change_while_they_are_read_never_give_half_a_ledger(tmp_path: Path) -> None:
    """The package writes its ledger piece by piece, all the time: a sync sees all of it, or says why not."""
    with open_sandbox("winbooks", company(), tmp_path) as sandbox:
        path = sandbox.root / "ATELIER" / "ATELIER_act.dbf"
        content, stop = path.read_bytes(), threading.Event()

        def write_all_the_time() -> None:
            while not stop.is_set():
                with path.open("wb") as stream:
                    for at in range(0, len(content), 20_000):
                        stream.write(content[at : at + 20_000])
                        stream.flush()

        writer = threading.Thread(target=write_all_the_time)
        writer.start()
        try:
            for _ in range(5):
                try:
                    events = extract(connect(sandbox.root), "ATELIER")
                except (Busy, BadFile):
                    continue
                rows = sum(
                    event.rows.num_rows for event in events if isinstance(event, Batch) and event.resource == "act"
                )
                assert rows == len(company().lines) + 1  # and a base line
        finally:
            stop.set()
            writer.join()
