"""Books as files: none half written, none without a line, none that its own format refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import openpyxl
import pytest
from lxml import etree

from foundation.errors import WrongInput
from portal import export
from portal.audit_file import rows_of
from warehouse import scripts
from warehouse.reader import DuckDBReader

FORMATS = ("fec", "xaf", "csv", "xlsx", "parquet")
XAF = {"x": "http://www.auditfiles.nl/XAF/3.2"}
UNPRINTABLE = "".join(map(chr, [*range(1, 9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]))


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    """One dossier with a year, and an entry in journal A, one in the journal "-" and one in none."""
    with duckdb.connect() as db:
        scripts.run(db, "schema")
        scripts.run(db, "views")
        db.execute(
            "INSERT INTO ledger.dossiers BY NAME SELECT 'd' AS dossier_id, 'Atelier' AS name, 'EUR' AS currency, "
            "TIMESTAMP '2026-01-01' AS last_synced_at"
        )
        db.execute(
            "INSERT INTO ledger.fiscal_years BY NAME SELECT 'd' AS dossier_id, '2025' AS label, "
            "DATE '2025-01-01' AS start_date, DATE '2025-12-31' AS end_date"
        )
        for number, journal in enumerate(("A", None, "-"), start=1):
            for side in (1, 0):
                db.execute(
                    "INSERT INTO ledger.journal_lines BY NAME SELECT 'd' AS dossier_id, $entry AS entry_key, "
                    "$side AS line_no, '2025' AS fiscal_year, 1 AS period, 'normal' AS period_kind, "
                    "DATE '2025-01-05' AS date, $journal AS journal, '600000' AS account, $text AS description, "
                    "$side * 10 AS debit, 10 - $side * 10 AS credit",
                    {"entry": f"e{number}", "side": side, "journal": journal, "text": f"be{UNPRINTABLE}fore\tafter"},
                )
        yield db


@pytest.mark.parametrize("kind", FORMATS)
def test_a_folder_or_a_missing_folder_is_refused_with_the_next_step(
    db: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str
) -> None:
    for target, reason in ((tmp_path, "is a folder"), (tmp_path / "no" / "books", "there is no folder")):
        with pytest.raises(WrongInput, match=reason) as refused:
            export.write(DuckDBReader(db), "d", kind, "2025", target)
        assert "--out" in refused.value.next_step
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", FORMATS)
def test_a_failed_export_leaves_what_was_there_and_nothing_beside_it(
    db: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / "books"
    target.write_text("yesterday's")
    # Fails when lines come out, after the file has begun.
    db.execute(
        "CREATE OR REPLACE VIEW ledger.general_ledger AS SELECT * REPLACE (CASE WHEN journal = '-' THEN "
        f"error('broken off') ELSE journal END AS journal) FROM ({_general_ledger(db)})"
    )
    with pytest.raises(WrongInput, match="broken off"):
        export.write(DuckDBReader(db), "d", kind, "2025", target)
    assert [path.name for path in tmp_path.iterdir()] == ["books"]
    assert target.read_text() == "yesterday's"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_is_written_through_a_symbolic_link_and_into_place(
    db: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "books")
    assert export.write(DuckDBReader(db), "d", kind, "2025", tmp_path / "link") == 6
    assert {path.name for path in tmp_path.iterdir()} == {"link", "books"}
    assert (tmp_path / "link").is_symlink()


def test_an_audit_file_has_lines_of_no_journal_and_no_control_characters(
    db: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    export.write(DuckDBReader(db), "d", "xaf", "2025", tmp_path / "books")
    journals = etree.parse(tmp_path / "books").findall(".//x:journal", XAF)
    told = {j.findtext("x:jrnID", namespaces=XAF): len(j.findall(".//x:trLine", XAF)) for j in journals}
    assert told == {"A": 2, "-": 4}
    assert journals[0].findtext(".//x:trLine/x:desc", namespaces=XAF) == "before\tafter"


def test_a_spreadsheet_has_no_control_characters(db: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    export.write(DuckDBReader(db), "d", "xlsx", "2025", tmp_path / "books.xlsx")
    names, *rows = openpyxl.load_workbook(tmp_path / "books.xlsx").worksheets[0].iter_rows(values_only=True)
    assert {str(dict(zip(names, row, strict=True))["description"]) for row in rows} == {"before\tafter"}


def test_a_question_that_breaks_off_far_into_its_answer_is_told_as_that(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("SET threads = 1")  # a second thread may come to the error before the first row is read
    rows = rows_of(
        DuckDBReader(db).arrow(
            "SELECT CASE WHEN i = 900000 THEN error('broken off') ELSE i END FROM range(1000000) t(i)"
        )
    )
    assert next(rows) == (0,)
    with pytest.raises(WrongInput, match=r"the query failed.*broken off"):
        list(rows)


def _general_ledger(db: duckdb.DuckDBPyConnection) -> str:
    (sql,) = db.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'general_ledger'").fetchall()[0]
    return sql.partition(" AS ")[2].rstrip(";\n")
