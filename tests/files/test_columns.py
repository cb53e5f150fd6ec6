"""Texts of whole columns to values, and CSV tables in blocks: what is read is exact, what is not is named."""

from __future__ import annotations

import csv
import io
import tracemalloc
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.columns import BRITISH, CONTINENTAL, Kind, UnreadableValue, Writing, convert
from connectors.csv_tables import CsvTable
from foundation.errors import BadFile

AMOUNTS = st.decimals(-(10**15), 10**15, places=2)


@given(st.lists(AMOUNTS | st.none(), max_size=30), st.lists(st.dates(date(1, 1, 1)) | st.none(), max_size=30))
def test_amounts_and_dates_come_back_as_each_country_writes_them(
    amounts: list[Decimal | None], days: list[date | None]
) -> None:
    def column(values: list[Any]) -> pa.Array:
        return pa.array(values, pa.string())

    british = column([f"{amount:,.2f}" if amount is not None else " " for amount in amounts])
    assert convert(british, "money", BRITISH).to_pylist() == amounts
    comma = column([str(amount).replace(".", ",") if amount is not None else None for amount in amounts])
    assert convert(comma, "money", CONTINENTAL).to_pylist() == amounts
    slashes = column([f"{day.day}/{day.month:02d}/{day.year:04d}" if day else "" for day in days])
    assert convert(slashes, "day", BRITISH).to_pylist() == days
    assert convert(column([day and day.isoformat() for day in days]), "day", CONTINENTAL).to_pylist() == days


@given(st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), max_size=12))
@settings(max_examples=60)
def test_any_other_text_is_refused_or_is_a_value(text: str) -> None:
    for kind in ("money", "day", "moment", "flag", "whole"):
        for writing in (BRITISH, CONTINENTAL):
            found, refused_at = outcome(text, kind, writing)
            assert (
                refused_at == 1 if found is None else (found[0] is None and (text.strip() == "") == (found[1] is None))
            )


def outcome(text: str, kind: Kind, writing: Writing) -> tuple[list[Any] | None, int | None]:
    try:
        return convert(pa.array([None, text]), kind, writing).to_pylist(), None
    except UnreadableValue as error:
        return None, error.index


def test_moments_flags_and_whole_numbers() -> None:
    told = pa.array(["2024-02-15 09:00:01", "2024-02-15T23:59", "15/02/2024", None])
    assert convert(told, "moment", CONTINENTAL).to_pylist() == [
        datetime(2024, 2, 15, 9, 0, 1), datetime(2024, 2, 15, 23, 59), datetime(2024, 2, 15), None
    ]  # fmt: skip
    assert convert(pa.array(["T", "f", "1", "0", " ", "yes"]), "flag", BRITISH).to_pylist() == [
        True, False, True, False, None, True
    ]  # fmt: skip
    assert convert(pa.array(["+12", "-3", "0007", None]), "whole", BRITISH).to_pylist() == [12, -3, 7, None]


KINDS: dict[str, Kind] = {"key": "text", "amount": "money", "day": "day"}


def write(path: Path, text: str, encoding: str = "cp1252") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def rows_of(path: Path, kinds: dict[str, Kind] | None = None, **given_headings: Any) -> list[dict[str, Any]]:
    table = CsvTable(path, BRITISH, path.parent / "scratch", **given_headings)
    return [row for batch in table.batches(kinds or KINDS, rows=3) for row in batch.to_pylist()]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read_whatever_separates_and_encodes_it(tmp_path: Path, separator: str, encoding: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    texts = [f'café {separator} {n}\r\nline two, "quoted"' for n in range(7)]
    writer.writerows([["Amount", "", "KEY", "unused"], *[[f"{n}.50", "", text, "x"] for n, text in enumerate(texts)]])
    path = write(tmp_path / "x.csv", out.getvalue(), encoding)
    assert rows_of(path) == [
        {"key": text.replace("\r\n", "\n"), "amount": Decimal(n) + Decimal("0.5"), "day": None, "row": n + 2}
        for n, text in enumerate(texts)
    ]


def test_headings_may_lack_or_be_called_otherwise(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "A,1.00\nB,2.00\n")
    assert [row["key"] for row in rows_of(path, headings=("KEY", "AMOUNT", "DAY"))] == ["A", "B"]
    path = write(tmp_path / "y.csv", "Name Of It,1.00\nB,2.00\n")
    assert [row["key"] for row in rows_of(path, aliases={"NAME OF IT": "KEY"})] == ["B"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("key,amount,KEY\n", "its header names the column KEY twice"),
        ("key,amount\nA,1\nB\n", "row 3 has 1 fields, the header has 2"),
        ("key,amount\nA,1\nB,1,2\n", "row 3 has 3 fields, the header has 2"),
        ('key,amount\nA,1\n"B,1\n', "the file ends inside a text between quotes"),
        ("key,amount\nA,1\nB,one\n", "row 3, column AMOUNT: 'one' is no amount"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_row(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadFile, match=rf"^x\.csv: {said}"):
        rows_of(write(tmp_path / "x.csv", text))


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_table_or_a_bad_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(b"key,amount\n" + content)
    try:
        rows_of(tmp_path / "x.csv")
        said = "x.csv: "
    except BadFile as error:
        said = str(error)
    assert said.startswith("x.csv: ")


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        path = write(tmp_path / f"{rows}.csv", "key,amount,day\n" + "Crédit divers,12.50,15/02/2024\n" * rows)
        table = CsvTable(path, BRITISH, tmp_path)
        before, pool = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
        pa.set_memory_pool(pool)
        tracemalloc.start()
        try:
            assert sum(batch.num_rows for batch in table.batches(KINDS)) == rows
            return pool.max_memory() + tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            pa.set_memory_pool(before)

    assert peak(600_000) < peak(300_000) * 1.2
