"""The table reader against a reader and a writer that are not ours, and against damage."""

from __future__ import annotations

import shutil
import struct
import tracemalloc
from datetime import date
from decimal import Decimal
from pathlib import Path

import dbfread
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.winbooks.dbf import Table
from connectors.winbooks.dbf_writer import Column, Row, Value, write_table
from foundation.errors import BadFile
from tests.winbooks.dossiers import write

COLUMNS = "KEY C(4); AMOUNTEUR N(15,3); NUMBER N(5,0); DAY D; TEXT C(12); LONGER M; ISTEMP L"
KINDS = {"key": "text", "amounteur": "money", "number": "text", "day": "day", "text": "text", "longer": "text"}
ROWS = [
    {"KEY": "A", "AMOUNTEUR": Decimal("-12.345"), "NUMBER": 7, "DAY": date(2024, 2, 29), "TEXT": "café €"},
    {"KEY": "B", "TEXT": "Œuvre Ÿ", "LONGER": "Un très long texte, " * 40, "ISTEMP": True},
    {"KEY": "C", "AMOUNTEUR": Decimal("99999999999"), "DAY": date(1999, 12, 31), "LONGER": "short"},
    {"KEY": "D"},
]


def table_of(path: Path) -> Table:
    memos = [path.with_suffix(end) for end in (".fpt", ".dbt") if path.with_suffix(end).exists()]
    return Table(path, *memos)


def rows_of(table: Table, kinds: dict = KINDS, **options: object) -> list[dict[str, object]]:
    return [row for batch in table.batches(kinds, **options) for row in batch.to_pylist()]


def outcome(path: Path) -> tuple[list[dict[str, object]] | None, str | None]:
    """The rows, or what is said against the file."""
    try:
        return rows_of(table_of(path)), None
    except BadFile as error:
        return None, str(error)


@pytest.mark.parametrize("kind", ["db3", "fp", "vfp"])
def test_every_kind_of_table_is_read_as_another_reader_reads_it(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "x.dbf", COLUMNS, ROWS, kind)
    mine = rows_of(table_of(path), KINDS | {"istemp": "flag"})
    theirs = dbfread.DBF(path, encoding="cp1252", char_decode_errors="replace")
    assert len(mine) == len(ROWS)
    for row, other in zip(mine, theirs, strict=True):
        assert row["key"] == other["KEY"]
        assert row["amounteur"] == (None if other["AMOUNTEUR"] is None else Decimal(str(other["AMOUNTEUR"])))
        assert row["number"] == (None if other["NUMBER"] is None else str(other["NUMBER"]))
        assert row["day"] == other["DAY"]
        assert (row["text"] or "") == other["TEXT"]
        assert (row["longer"] or "") == (other["LONGER"] or "").strip()
        assert row["istemp"] == other["ISTEMP"]


@pytest.mark.parametrize("codepage", ["cp437", "cp850", "ascii"])
def test_text_is_windows_1252_whatever_the_header_says(tmp_path: Path, codepage: str) -> None:
    path = write(tmp_path / "x.dbf", "TEXT C(12)", [{"TEXT": "caf#"}], codepage=codepage)
    path.write_bytes(path.read_bytes().replace(b"caf#", b"caf\xe9"))
    assert rows_of(Table(path), {"text": "text"})[0]["text"] == "café"


def test_undecodable_bytes_are_replaced_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.dbf"
    write_table(path, [Column("TEXT", "C", 6)], [(b"a\x81b\x9d",), (b"caf\xe9",)])
    table = Table(path)
    assert [row["text"] for row in rows_of(table, {"text": "text"})] == ["a�b�", "café"]
    assert table.warnings["undecodable_bytes"] == 2


@pytest.mark.parametrize("kind", ["fp", "vfp"])
def test_numbers_of_visual_foxpro_are_exact(tmp_path: Path, kind: str) -> None:
    columns = (
        "AMOUNTEUR Y; NUMBER I; RATE B; STAMP T" if kind == "vfp" else "AMOUNTEUR N(20,4); NUMBER N(9,0); RATE N(9,4)"
    )
    row = {"AMOUNTEUR": Decimal("-1234567.8901"), "NUMBER": -42, "RATE": Decimal("0.1") if kind == "fp" else 0.1}
    path = write(tmp_path / "x.dbf", columns, [row], kind)
    kinds = {"amounteur": "money", "number": "text", "rate": "money"}
    assert rows_of(Table(path), kinds) == [
        {"amounteur": Decimal("-1234567.8901"), "number": "-42", "rate": Decimal("0.1000"), "row": 1}
    ]


def test_a_column_that_is_missing_is_null_and_names_may_be_in_any_case(tmp_path: Path) -> None:
    path = write(tmp_path / "x.dbf", "KEY C(4)", [{"KEY": "A"}])
    assert rows_of(Table(path), {"Key": "text", "amounteur": "money", "day": "day", "flag": "flag"}) == [
        {"Key": "A", "amounteur": None, "day": None, "flag": None, "row": 1}
    ]
    with pytest.raises(BadFile, match="no column AMOUNTEUR"):
        Table(path).require("key", "amounteur")


@pytest.mark.parametrize("kind", ["db3", "fp", "vfp"])
def test_a_missing_memo_file_leaves_its_texts_null_and_is_counted(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "x.dbf", COLUMNS, ROWS, kind)
    table = Table(path)
    assert [row["longer"] for row in rows_of(table)] == [None] * 4
    assert table.warnings["memo_missing"] == 2


def test_rows_marked_as_deleted_are_skipped_and_rows_keep_their_number(tmp_path: Path) -> None:
    path = tmp_path / "x.dbf"
    write_table(path, [Column("KEY", "C", 1)], [("A",), Row(("B",), deleted=True), ("C",)])
    assert [(row["row"], row["key"]) for row in rows_of(Table(path), {"key": "text"})] == [(1, "A"), (3, "C")]


def test_records_of_nothing_but_nul_are_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.dbf"
    write_table(path, [Column("KEY", "C", 4)], [("A",), ("B",), ("C",)])
    content = bytearray(path.read_bytes())
    content[-11:-6] = bytes(5)
    path.write_bytes(content)
    table = Table(path)
    assert [row["key"] for row in rows_of(table, {"key": "text"})] == ["A", "C"]
    assert table.warnings["garbage_rows"] == 1


@pytest.mark.parametrize("amount", [b"********", b"12.3.4", b"abc", b"-", b"1,2,3"])
def test_an_unreadable_amount_is_a_bad_file_that_names_row_and_column(tmp_path: Path, amount: bytes) -> None:
    path = tmp_path / "DEMO_act.dbf"
    write_table(path, [Column("AMOUNTEUR", "N", 12, 3)], [(Decimal("1"),), (b"  1,50",), (amount,), (b" ",)])
    with pytest.raises(BadFile, match=r"DEMO_act\.dbf: row 3: .* in AMOUNTEUR is no amount"):
        rows_of(Table(path), {"amounteur": "money"})


def test_dates_that_are_none_are_null_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.dbf"
    days = [b"20240229", b"20230229", b"20241301", b"20240100", b"        ", b"00000000", b"2024 1 1", b"19000101"]
    write_table(path, [Column("DAY", "D")], [(day,) for day in days])
    table = Table(path)
    found = [row["day"] for row in rows_of(table, {"day": "day"})]
    assert found == [date(2024, 2, 29), None, None, None, None, None, None, date(1900, 1, 1)]
    assert table.warnings["unreadable_dates"] == 4


@given(st.dates(date(1, 1, 1), date(9999, 12, 31)), st.decimals(-(10**11), 10**11, places=3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_date_and_amount_come_back(tmp_path: Path, day: date, amount: Decimal) -> None:
    path = tmp_path / "x.dbf"
    write_table(
        path, [Column("DAY", "D"), Column("AMOUNTEUR", "N", 18, 3)], [(f"{day:%Y%m%d}".rjust(8, "0").encode(), amount)]
    )
    assert rows_of(Table(path), {"day": "day", "amounteur": "money"}) == [{"day": day, "amounteur": amount, "row": 1}]


_TEXT = st.text(st.characters(codec="cp1252", exclude_characters="\0\x1a"), max_size=30)


@given(st.lists(st.tuples(_TEXT, _TEXT), max_size=8), st.integers(1, 4))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back_whatever_the_batch(tmp_path: Path, texts: list[tuple[str, str]], size: int) -> None:
    path = tmp_path / "x.dbf"
    write_table(path, [Column("TEXT", "C", 30), Column("LONGER", "M")], texts)
    found = rows_of(table_of(path), {"text": "text", "longer": "text"}, rows=size)
    assert [(row["text"] or "", row["longer"] or "") for row in found] == [(a.strip(), b.strip()) for a, b in texts]


@pytest.fixture(scope="module", params=["db3", "fp", "vfp"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp(request.param) / "x.dbf", COLUMNS, ROWS * 6, request.param)


@given(data=st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_table_cut_anywhere_is_a_bad_file_or_still_whole(whole: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = whole.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    memo = next(path for path in whole.parent.iterdir() if path != whole)
    (tmp_path / "x.dbf").write_bytes(content[:cut])
    shutil.copy(memo, tmp_path / memo.name)
    found, refused = outcome(tmp_path / "x.dbf")
    rows, start, width = struct.unpack("<IHH", content[4:12])
    if cut >= start + rows * width:  # at most the end mark is missing
        assert found == rows_of(table_of(whole))
    else:
        assert refused
        assert "x.dbf" in refused


@given(data=st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_memo_file_cut_anywhere_is_a_bad_file_or_still_whole(
    whole: Path, tmp_path: Path, data: st.DataObject
) -> None:
    memo = next(path for path in whole.parent.iterdir() if path != whole)
    content = memo.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    (tmp_path / memo.name).write_bytes(content[:cut])
    shutil.copy(whole, tmp_path)
    found, refused = outcome(tmp_path / "x.dbf")
    assert found == rows_of(table_of(whole)) or (refused and memo.name in refused)


def test_the_row_in_which_a_table_is_cut_is_named(tmp_path: Path) -> None:
    path = tmp_path / "DEMO_act.dbf"
    write_table(path, [Column("KEY", "C", 9)], [("A",)] * 10)
    path.write_bytes(path.read_bytes()[:-35])  # an end mark, three records of ten bytes, four bytes of a fourth
    with pytest.raises(BadFile, match=r"DEMO_act\.dbf: the file is cut off in row 7 of the 10"):
        Table(path)


def test_a_table_that_goes_on_after_its_last_row_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.dbf"
    write_table(path, [Column("KEY", "C", 9)], [("A",)] * 10)
    content = bytearray(path.read_bytes())
    content[4] = 8
    path.write_bytes(content)
    with pytest.raises(BadFile, match="goes on with row 9"):
        Table(path)


def test_an_end_mark_before_the_end_and_a_shifted_record_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.dbf"
    write_table(path, [Column("KEY", "C", 9)], [("A",)] * 10)
    for mark, text in ((0x1A, "row 9 of 10 is where the file says it ends"), (ord("x"), "row 9 of 10 does not begin")):
        content = bytearray(path.read_bytes())
        content[-21] = mark
        path.write_bytes(content)
        with pytest.raises(BadFile, match=text):
            rows_of(Table(path), {"key": "text"})


@pytest.mark.parametrize("content", [b"", b"MZ", b"x" * 31, b"not a table at all, but a text of some length" * 9])
def test_what_is_no_table_is_a_bad_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.dbf"
    path.write_bytes(content)
    with pytest.raises(BadFile):
        Table(path)


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    columns = [Column("KEY", "C", 20), Column("AMOUNTEUR", "N", 15, 3), Column("DAY", "D"), Column("LONGER", "M")]
    values: tuple[Value, ...] = ("Crédit", Decimal("12.50"), date(2024, 1, 1), None)
    kinds = {"key": "text", "amounteur": "money", "day": "day", "longer": "text"}

    def peaks(rows: int) -> tuple[int, int]:
        path = tmp_path / f"{rows}.dbf"
        write_table(path, columns, (values for _ in range(rows)))
        before, pool = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
        pa.set_memory_pool(pool)
        tracemalloc.start()
        try:
            assert sum(batch.num_rows for batch in table_of(path).batches(kinds, rows=5_000)) == rows
            return pool.max_memory(), tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            pa.set_memory_pool(before)

    (small_arrow, small), (large_arrow, large) = peaks(20_000), peaks(100_000)
    assert small_arrow > 0
    assert large_arrow < small_arrow * 1.2
    assert large < small * 1.2
