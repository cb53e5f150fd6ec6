"""The table reader against values of every kind, and against damage: refused with file and row, never half read."""

from __future__ import annotations

import struct
import tracemalloc
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.columns import Kind, require_columns
from connectors.sage_bob.adt import AdtTable
from connectors.sage_bob.adt_writer import Column, Row, Value, write_table
from foundation.errors import BadFile

COLUMNS = [
    Column("TEXT", "C", 20), Column("FLAG", "L"), Column("DAY", "D"), Column("AMOUNT", "F"), Column("PLAIN", "N"),
    Column("NUMBER", "I"), Column("SHORT", "S"), Column("STAMP", "T"), Column("LONGER", "M"), Column("VAR", "V", 12),
    Column("WIDE", "W", 16), Column("EXACT", "Y"),
]  # fmt: skip
KINDS: dict[str, Kind] = {
    "text": "text", "flag": "flag", "day": "day", "amount": "money", "plain": "money", "number": "whole",
    "short": "whole", "stamp": "moment", "longer": "text", "var": "text", "wide": "text", "exact": "money",
}  # fmt: skip
FULL: list[Value] = [
    "Crédit à l'été", True, date(2024, 2, 29), Decimal("-1234.56"), Decimal("0.125"), 42, -7,
    datetime(2024, 2, 29, 23, 59, 59, 123_000), "Un texte plus long, à côté", "variable", "wîde €", Decimal("12.3456"),
]  # fmt: skip
NULLS: list[Value] = [None] * 11 + [Decimal(0)]


def rows_of(table: AdtTable, kinds: dict[str, Kind] | None = None, rows: int = 7) -> list[dict[str, Any]]:
    return [row for batch in table.batches(kinds or KINDS, rows=rows) for row in batch.to_pylist()]


def table_of(path: Path) -> AdtTable:
    memo = path.with_suffix(".adm")
    return AdtTable(path, memo if memo.exists() else None)


def outcome(path: Path) -> tuple[list[dict[str, Any]] | None, str | None]:
    try:
        return rows_of(table_of(path)), None
    except BadFile as error:
        return None, str(error)


def test_values_of_every_type_come_back_and_nulls_are_null(tmp_path: Path) -> None:
    write_table(tmp_path / "x.adt", COLUMNS, [FULL, NULLS])
    full, nulls = rows_of(table_of(tmp_path / "x.adt"))
    expected = dict(zip(KINDS, FULL, strict=True))
    assert full == expected | {"row": 1}
    assert nulls == dict.fromkeys(KINDS) | {"exact": Decimal(0), "row": 2}


@pytest.mark.parametrize(
    "double", [b"\x20" + bytes(6) + b"\x80", b"\x01" + bytes(7), struct.pack("<d", 2.2250738585072014e-308),
               struct.pack("<d", 1.7976931348623157e308)]
)  # fmt: skip
def test_the_doubles_that_stand_for_null_are_null(tmp_path: Path, double: bytes) -> None:
    write_table(tmp_path / "x.adt", [Column("A", "F"), Column("I", "I")], [(double, struct.pack("<i", 2**31 - 1))])
    assert rows_of(table_of(tmp_path / "x.adt"), {"a": "money", "i": "whole"}) == [{"a": None, "i": None, "row": 1}]


_DOUBLES = st.floats(-(10**12), 10**12, allow_nan=False) | st.decimals(-(10**11), 10**11, places=4).map(float)
_AMOUNTS = (_DOUBLES | st.floats(-0.01, 0.01)).filter(lambda number: number == 0 or abs(number) > 1e-290)


@given(st.lists(_AMOUNTS, max_size=20))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_double_is_the_decimal_that_it_is_read_from_to_four_places(tmp_path: Path, doubles: list[float]) -> None:
    cells = [(struct.pack("<d", double),) for double in doubles]
    write_table(tmp_path / "x.adt", [Column("AMOUNT", "F")], cells)
    found = [row["amount"] for row in rows_of(table_of(tmp_path / "x.adt"), {"amount": "money"})]
    assert found == [Decimal(repr(double)).quantize(Decimal("0.0001"), ROUND_HALF_UP) for double in doubles]


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="cp1252", exclude_characters="\0"), max_size=20),
            st.dates() | st.none(),
            st.datetimes(timezones=st.none()).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)),
            st.text(st.characters(codec="cp1252", exclude_characters="\0"), max_size=60),
        ),
        max_size=8,
    ),
    st.integers(1, 4),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_date_and_moment_come_back_whatever_the_block(
    tmp_path: Path, given_rows: list[tuple[str, date | None, datetime, str]], size: int
) -> None:
    columns = [Column("TEXT", "C", 20), Column("DAY", "D"), Column("STAMP", "T"), Column("LONGER", "M")]
    write_table(tmp_path / "x.adt", columns, given_rows)
    kinds: dict[str, Kind] = {"text": "text", "day": "day", "stamp": "moment", "longer": "text"}
    found = rows_of(table_of(tmp_path / "x.adt"), kinds, rows=size)
    assert [(row["text"] or "", row["day"], row["stamp"], row["longer"] or "") for row in found] == [
        (text.strip(), day, stamp, longer.strip()) for text, day, stamp, longer in given_rows
    ]


def test_deleted_records_are_left_out_and_unknown_ones_counted_and_rows_keep_their_number(tmp_path: Path) -> None:
    rows = [Row(("A",)), Row(("B",), b"*"), Row(("C",)), Row(("D",), b"\0"), Row(("E",), b"\x05")]
    write_table(tmp_path / "x.adt", [Column("KEY", "C", 1)], rows)
    table = table_of(tmp_path / "x.adt")
    assert [(row["row"], row["key"]) for row in rows_of(table, {"key": "text"}, rows=2)] == [(1, "A"), (3, "C")]
    assert table.warnings["unknown_records"] == 2


def test_columns_are_found_by_name_in_any_case_and_order_and_may_lack(tmp_path: Path) -> None:
    write_table(tmp_path / "x.adt", [Column("B", "C", 1), Column("", "C", 1), Column("A", "C", 1)], [("b", "?", "a")])
    table = table_of(tmp_path / "x.adt")
    assert rows_of(table, {"A": "text", "b": "text", "none": "money"}) == [{"A": "a", "b": "b", "none": None, "row": 1}]
    with pytest.raises(BadFile, match=r"x\.adt: it has no column NONE"):
        require_columns(table, "a", "none")


def test_a_missing_memo_file_leaves_its_texts_null_and_is_counted(tmp_path: Path) -> None:
    write_table(tmp_path / "x.adt", COLUMNS, [FULL, NULLS])
    table = AdtTable(tmp_path / "x.adt")
    assert [row["longer"] for row in rows_of(table)] == [None, None]
    assert table.warnings["memo_missing"] == 1


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    write_table(folder / "x.adt", COLUMNS, [FULL, NULLS, Row(FULL, b"*"), FULL] * 5)
    return folder / "x.adt"


@given(data=st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_table_cut_anywhere_is_a_bad_file(whole: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = whole.read_bytes()
    cut = data.draw(st.integers(0, len(content) - 1))
    (tmp_path / "x.adt").write_bytes(content[:cut])
    (tmp_path / "x.adm").write_bytes(whole.with_suffix(".adm").read_bytes())
    found, refused = outcome(tmp_path / "x.adt")
    assert found is None
    assert refused
    assert refused.startswith("x.adt: ")


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_table_with_any_bytes_changed_is_read_or_refused_by_name(
    whole: Path, tmp_path: Path, data: st.DataObject
) -> None:
    """Nothing else comes out of damage: no crash, no hang, no memory filled; every value read is of its type."""
    content, memo = bytearray(whole.read_bytes()), bytearray(whole.with_suffix(".adm").read_bytes())
    for target in data.draw(st.lists(st.sampled_from([content, content, memo]), min_size=1, max_size=6)):
        head = min(len(target), 2900)
        place = data.draw(st.integers(0, head - 1) | st.integers(0, len(target) - 1))
        blow = data.draw(st.binary(min_size=1, max_size=8))
        target[place : place + len(blow)] = blow[: len(target) - place]
    (tmp_path / "x.adt").write_bytes(content)
    (tmp_path / "x.adm").write_bytes(memo)
    found, refused = outcome(tmp_path / "x.adt")
    assert found is not None or (refused and refused.startswith("x.adt: "))
    assert found is None or len(found) <= 20


def test_the_row_and_the_column_of_an_impossible_value_are_named(tmp_path: Path) -> None:
    nan, day, late = struct.pack("<d", float("nan")), struct.pack("<i", -5), struct.pack("<ii", 2_460_000, 86_400_000)
    huge, pointer = struct.pack("<d", 1e17), struct.pack("<II", 10_000, 5)
    for column, bad, kind, said in (
        (Column("AMOUNT", "F"), nan, "money", "no amount"),
        (Column("AMOUNT", "F"), huge, "money", "too large an amount"),
        (Column("DAY", "D"), day, "day", "no date"),
        (Column("STAMP", "T"), late, "moment", "no moment in time"),
        (Column("LONGER", "M"), pointer, "text", r"a text that stands beyond the end of ac_x\.adm"),
    ):
        write_table(tmp_path / "ac_x.adt", [column], [Row((None,)), Row((None,), b"*"), (bad,)])
        with pytest.raises(BadFile, match=rf"^ac_x\.adt: row 3, column {column.name}: it holds {said}"):
            rows_of(table_of(tmp_path / "ac_x.adt"), {column.name: kind}, rows=2)


def test_the_row_in_which_a_table_is_cut_is_named_and_one_that_goes_on_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ac_x.adt"
    write_table(path, [Column("KEY", "C", 5)], [("A",)] * 10)
    content = path.read_bytes()
    path.write_bytes(content[:-34])
    with pytest.raises(BadFile, match=r"ac_x\.adt: the file is cut off in row 7 of the 10"):
        AdtTable(path)
    path.write_bytes(content[:24] + struct.pack("<I", 8) + content[28:])
    with pytest.raises(BadFile, match="states 8 rows, but the file goes on with row 9"):
        AdtTable(path)
    path.write_bytes(content + bytes(37))  # space that the server took in advance
    assert len(rows_of(AdtTable(path), {"key": "text"})) == 10


@pytest.mark.parametrize(
    "content", [b"x" * 5000, b"Advantage Table\0" + bytes(1000), b"SQLite format 3\0" + bytes(900)]
)
def test_what_is_encrypted_or_no_table_is_said_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ac_x.adt"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=r"ac_x\.adt: .*(encrypted).*export the tables as CSV"):
        AdtTable(path)
    path.write_bytes(b"")
    with pytest.raises(BadFile, match="the file is empty"):
        AdtTable(path)


def test_an_encrypted_list_of_columns_and_an_unreadable_type_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ac_x.adt"
    write_table(path, [Column("KEY", "C", 5), Column("FLAG", "L")], [("A", True)])
    content = bytearray(path.read_bytes())
    content[600:800] = bytes(byte ^ 0xA5 for byte in content[600:800])
    path.write_bytes(content)
    with pytest.raises(BadFile, match=r"column 2 .*encrypted"):
        AdtTable(path)
    write_table(path, [Column("FLAG", "L")], [(True,)])
    with pytest.raises(BadFile, match="column FLAG has type 1, which cannot be read as money"):
        rows_of(AdtTable(path), {"flag": "money"})


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    columns = [Column("KEY", "C", 20), Column("AMOUNT", "F"), Column("DAY", "D"), Column("STAMP", "T")]
    values: tuple[Value, ...] = ("Crédit", Decimal("12.50"), date(2024, 1, 1), datetime(2024, 1, 1, 9))
    kinds: dict[str, Kind] = {"key": "text", "amount": "money", "day": "day", "stamp": "moment"}

    def peaks(rows: int) -> tuple[int, int]:
        path = tmp_path / f"{rows}.adt"
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
